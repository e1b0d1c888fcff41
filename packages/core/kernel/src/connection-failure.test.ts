import { expect, test } from 'vitest';
import { connectionFailure } from './connection-failure.ts';

test.each([
  ['ECONNREFUSED', 'address', 'nothing listens'],
  ['ENOTFOUND', 'name', 'host name'],
  ['EAI_AGAIN', 'name', 'no name server'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'scheme', 'does not speak TLS'],
  ['EPROTO', 'scheme', 'does not speak TLS'],
  ['HPE_INVALID_CONSTANT', 'scheme', 'does not speak HTTP'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate', 'not trusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate', 'not trusted'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate', 'another name'],
  ['EHOSTUNREACH', 'network', 'no route'],
] as const)('%s blames the %s: it %s', (code, blame, words) => {
  expect(connectionFailure(code)).toEqual({ blame, reason: expect.stringContaining(words) });
});

test('no reason has the code itself, and an unknown code has none', () => {
  expect(connectionFailure('EUNKNOWN')).toBeNull();
  expect(connectionFailure('')).toBeNull();
  expect(connectionFailure('toString')).toBeNull();
});
