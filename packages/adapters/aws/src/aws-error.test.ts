import { expect, test } from 'vitest';
import { codeOf, providerErrorFor } from './aws-error.ts';

const asked = { displayName: 'aws app/db', action: 'GetSecretValue' };
const failure = (name: string, message = '', more: object = {}) => Object.assign(new Error(message), { name }, more);

test.for([
  ['ResourceNotFoundException', "Secrets Manager can't find the specified secret.", 'NOT_FOUND', 'no such secret'],
  [
    'ResourceNotFoundException',
    "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    'NOT_FOUND',
    'no such version',
  ],
  [
    'InvalidRequestException',
    "You can't perform this operation on the secret because it was marked for deletion.",
    'NOT_FOUND',
    'marked for deletion',
  ],
  ['InvalidRequestException', 'The secret is managed by another service.', 'NOT_FOUND', 'current state'],
  ['AccessDeniedException', 'User is not authorized', 'ACCESS_DENIED', 'allow secretsmanager:GetSecretValue'],
  ['AccessDeniedException', 'Access to KMS is not allowed', 'ACCESS_DENIED', 'kms:Decrypt'],
  ['DecryptionFailure', '', 'ACCESS_DENIED', 'kms:Decrypt'],
  ['ExpiredTokenException', '', 'UNAUTHENTICATED', 'renew them'],
  ['UnrecognizedClientException', '', 'UNAUTHENTICATED', 'renew them'],
  ['InvalidSignatureException', '', 'UNAUTHENTICATED', 'renew them'],
  ['CredentialsProviderError', 'Could not load', 'UNAUTHENTICATED', 'there are no credentials'],
  ['ThrottlingException', 'Rate exceeded', 'RATE_LIMITED', 'throttles'],
  ['InvalidParameterException', '', 'INVALID_REF', 'correct the labels'],
  ['InternalServiceError', '', 'UNAVAILABLE', 'unreachable or fails'],
  ['TimeoutError', '', 'UNAVAILABLE', 'in time'],
  ['Error', 'Region is missing', 'INVALID_REF', 'AWS_REGION'],
] as const)('%s (%s) is %s, and says what to do: %s', ([name, message, code, advice]) => {
  const error = providerErrorFor(failure(name, message), asked);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(/^aws app\/db: /);
  expect(error.message).toContain(advice);
});

const NOT_AUTHORIZED =
  'is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-central-1:1:secret:x';

test.for([
  [
    'a role',
    `User: arn:aws:sts::1:assumed-role/kms-admin/kms:Decrypt ${NOT_AUTHORIZED}`,
    'allow secretsmanager:GetSecretValue',
  ],
  ['a user', `User: arn:aws:iam::1:user/Access-to-KMS ${NOT_AUTHORIZED}`, 'allow secretsmanager:GetSecretValue'],
  [
    'a secret',
    `User: arn:aws:iam::1:user/app ${NOT_AUTHORIZED}/kms-version-deleted`,
    'allow secretsmanager:GetSecretValue',
  ],
  [
    'an explicit denial',
    `User: arn:aws:iam::1:user/app ${NOT_AUTHORIZED} with an explicit deny in a resource-based policy`,
    'a policy denies secretsmanager:GetSecretValue',
  ],
  [
    'a batch',
    'User: arn:aws:iam::1:user/app is not authorized to perform: secretsmanager:BatchGetSecretValue because no policy allows it',
    'allow secretsmanager:BatchGetSecretValue',
  ],
  [
    'a key',
    'User: arn:aws:iam::1:user/app is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-central-1:1:key/x',
    'allow kms:Decrypt',
  ],
] as const)('the advice for a denial is by AWS words, and not by the name of %s', ([_whose, message, advice]) => {
  const { message: said } = providerErrorFor(failure('AccessDeniedException', message), asked);
  expect(said).toContain(advice);
  if (!advice.includes('kms')) expect(said).not.toContain('kms:');
});

test.for(['db-version-2', 'marked for deletion', 'staging label'])('a secret called %s is only not there', (called) => {
  const message = `Secrets Manager can't find the specified secret. ${called}`;
  const error = providerErrorFor(failure('ResourceNotFoundException', message), asked);
  expect(error.message).toContain('there is no such secret in this region');
});

test.for([
  ['ResourceNotFoundException', "Secrets Manager can't find the specified secret.", {}, true],
  ['AccessDeniedException', 'User: arn:x is not authorized', {}, true],
  ['DecryptionFailure', '', {}, true],
  ['InvalidRequestException', "You can't perform this operation on the secret because it was deleted.", {}, true],
  ['InvalidRequestException', 'The secret is in a state that nobody knows.', {}, false],
  ['SyntaxError', 'Unexpected token < in JSON', { $response: { statusCode: 403 } }, false],
] as const)('%s (%s) is a "no" that drops a value only where AWS itself says it', ([name, message, more, isProven]) => {
  const error = providerErrorFor(failure(name, message, more), asked);
  expect(error).toMatchObject({ isOutage: false, isProven, retryable: !isProven });
});

test('an unknown error of AWS keeps the last good value, whatever its status is', () => {
  for (const httpStatusCode of [400, 404, 409, 418, 500]) {
    const error = providerErrorFor(failure('SomethingNewException', '', { $metadata: { httpStatusCode } }), asked);
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  }
});

test('the retry time of AWS is passed to the caller', () => {
  expect(providerErrorFor(failure('ThrottlingException'), asked).retryAfterMs).toBeGreaterThan(0);
});

test('a response that the SDK can not parse is classified by its status', () => {
  expect(codeOf(failure('SyntaxError', 'Unexpected token', { $response: { statusCode: 403 } }))).toBe('ACCESS_DENIED');
  expect(codeOf(failure('SyntaxError', 'Unexpected token', { $metadata: { httpStatusCode: 429 } }))).toBe(
    'RATE_LIMITED',
  );
  expect(codeOf(failure('SyntaxError', 'Unexpected token'))).toBe('UNAVAILABLE');
});

test('nothing that AWS answers is in the message, whatever it calls its error', () => {
  const error = providerErrorFor(failure('s3cret value', 's3cret value'), asked);
  expect(error.message).not.toContain('s3cret');
  expect(error.cause).toBeUndefined();
});
