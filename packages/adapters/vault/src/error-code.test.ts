import { describe, expect, test } from 'vitest';
import { classify, isFinal } from './error-code.ts';
import type { ResponseJson, VaultOperation, VaultResponse } from './http-types.ts';

function answer(status: number, body?: ResponseJson, bodyLength = 100): VaultResponse {
  return { status, body, bodyLength, retryAfterMs: undefined, serverTimeMs: undefined };
}

const errors = (...texts: string[]): ResponseJson => ({ errors: texts });

/** Errors of one request as Vault joins them. */
const joined = (...texts: string[]): ResponseJson =>
  errors(
    `${texts.length} error${texts.length === 1 ? '' : 's'} occurred:\n${texts.map((text) => `\t* ${text}\n`).join('')}\n`,
  );

const html = undefined;

/** `?` after a code: not proven, so a value that was read before is kept. */
const READS: readonly (readonly [status: number, body: ResponseJson | undefined, expected: string])[] = [
  // A policy's "no", and a token that has ended.
  [403, joined('permission denied'), 'ACCESS_DENIED'],
  [403, errors('permission denied'), 'ACCESS_DENIED'],
  [
    403,
    errors(`preflight capability check returned 403, please ensure client's policies grant access to path "plain/"`),
    'ACCESS_DENIED',
  ],
  [403, joined('permission denied', 'invalid token'), 'UNAUTHENTICATED'],
  [403, errors('bad token'), 'UNAUTHENTICATED'],
  [403, errors(), 'UNAVAILABLE'],
  [403, errors('namespace not authorized'), 'ACCESS_DENIED?'],
  [403, html, 'UNAVAILABLE'],
  // What is not there.
  [404, errors(), 'NOT_FOUND'],
  [404, errors('no handler for route "team/data/app". route entry not found.'), 'NOT_FOUND'],
  [404, { request_id: 'r', data: { data: null, metadata: { version: 1 } } }, 'NOT_FOUND'],
  [404, { request_id: 'r', data: null, warnings: ['Invalid path for a versioned K/V secrets engine.'] }, 'NOT_FOUND'],
  [404, errors('namespace not found'), 'UNAVAILABLE'],
  [404, html, 'UNAVAILABLE'],
  [404, {}, 'UNAVAILABLE'],
  // A path that is none.
  [405, joined('unsupported operation'), 'INVALID_REF'],
  [405, errors(), 'INVALID_REF'],
  [400, errors('Field validation failed: error converting input for field "version": strconv.ParseInt'), 'INVALID_REF'],
  [400, errors('missing path'), 'INVALID_REF'],
  [400, errors('relative paths not supported'), 'INVALID_REF'],
  [400, errors('something that nobody knows'), 'INVALID_REF?'],
  [400, errors('invalid request'), 'INVALID_REF?'],
  [400, html, 'UNAVAILABLE'],
  [409, errors('conflict'), 'INVALID_REF?'],
  [414, errors('too long'), 'INVALID_REF?'],
  // A standby that can't hand a request on.
  [400, errors('failed to persist lease entry: cannot write to readonly storage'), 'UNAVAILABLE'],
  [
    400,
    errors('error performing token check: failed to persist lease entry: cannot write to readonly storage'),
    'UNAVAILABLE',
  ],
  [403, joined('permission denied', 'cannot write to readonly storage'), 'UNAVAILABLE'],
  [500, joined('operation could not be completed as storage is read-only'), 'UNAVAILABLE'],
  [500, errors('please forward to the active node'), 'UNAVAILABLE'],
  [400, errors('error performing token check: context canceled'), 'UNAVAILABLE'],
  [400, errors('context deadline exceeded'), 'UNAVAILABLE'],
  // No active server.
  [500, errors('local node not active but active cluster node not found'), 'UNAVAILABLE'],
  [503, errors('no active Vault instance found'), 'UNAVAILABLE'],
  [503, errors('node is not active'), 'UNAVAILABLE'],
  [307, html, 'UNAVAILABLE'],
  // Replication.
  [412, errors('required index state not present'), 'UNAVAILABLE'],
  [412, html, 'UNAVAILABLE'],
  [400, errors('path disabled in replication DR secondary mode'), 'UNAVAILABLE'],
  [472, { initialized: true, sealed: false, standby: true }, 'UNAVAILABLE'],
  [473, { initialized: true, sealed: false, performance_standby: true }, 'UNAVAILABLE'],
  // A server, namespace or mount that serves nobody for a while.
  [503, errors('Vault is sealed'), 'UNAVAILABLE'],
  [503, errors('namespace is sealed'), 'UNAVAILABLE'],
  [400, errors('core is sealed'), 'UNAVAILABLE'],
  [
    503,
    errors(
      'API access to this namespace has been locked by an administrator - "ns1/" must be unlocked to gain access.',
    ),
    'UNAVAILABLE',
  ],
  [
    403,
    errors(
      'API access to this namespace has been locked by an administrator - "ns1/" must be unlocked to gain access.',
    ),
    'UNAVAILABLE',
  ],
  [
    400,
    errors(
      'Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period and will resume service shortly.',
    ),
    'UNAVAILABLE',
  ],
  [
    400,
    errors(
      'Waiting for the primary to upgrade from non-versioned to versioned data. This backend will be unavailable for a brief period and will resume service when the primary is finished.',
    ),
    'UNAVAILABLE',
  ],
  [503, errors('overloaded, try again later'), 'UNAVAILABLE'],
  [400, errors('overloaded, try again later'), 'UNAVAILABLE'],
  [400, errors('missing x-forwarded-for header and configured to reject when not present'), 'UNAVAILABLE'],
  [500, joined('internal error'), 'UNAVAILABLE'],
  [502, html, 'UNAVAILABLE'],
  [504, html, 'UNAVAILABLE'],
  [599, errors('permission denied'), 'UNAVAILABLE'],
  // Quotas.
  [429, errors('request path "secret/data/app": rate limit quota exceeded'), 'RATE_LIMITED'],
  [429, joined('request path "auth/approle/login": lease count quota exceeded'), 'RATE_LIMITED'],
  [429, html, 'RATE_LIMITED'],
  // The words of a server count, and not those of a name.
  [400, errors('no such thing at "cannot write to readonly storage"'), 'INVALID_REF?'],
  [400, errors('the role "a: core is sealed" is unknown'), 'INVALID_REF?'],
  [403, joined('permission denied', 'policy "invalid token"'), 'ACCESS_DENIED'],
  [404, errors('no handler for route "Vault is sealed". route entry not found.'), 'NOT_FOUND'],
];

function displayName(operation: VaultOperation, given: VaultResponse): string {
  const verdict = classify(operation, given);
  return verdict === 'ok' ? verdict : `${verdict.code}${verdict.isProven ? '' : '?'}`;
}

describe('what an answer means', () => {
  test.each(READS)('a read that is answered with %s %j is %s', (status, body, expected) => {
    expect(displayName('read', answer(status, body))).toBe(expected);
    expect(displayName('probe', answer(status, body))).toBe(expected);
    expect(displayName('mount', answer(status, body))).toBe(expected);
  });

  test.each(READS)(
    'a login that is answered with %s %j is refused only by a "no" (a read: %s)',
    (status, body, read) => {
      const isRefused = !['UNAVAILABLE', 'RATE_LIMITED'].includes(read);
      for (const operation of ['login', 'renew'] as const) {
        const code = isRefused ? 'UNAUTHENTICATED' : read;
        expect(classify(operation, answer(status, body))).toMatchObject({ code });
      }
    },
  );

  test.each(READS)(
    'a question about our token that is answered with %s %j tells nothing of a secret',
    (status, body) => {
      expect(displayName('lookup', answer(status, body))).toMatch(
        /^(UNAVAILABLE|UNAUTHENTICATED|ACCESS_DENIED|RATE_LIMITED)/,
      );
    },
  );

  test('a success is one, whatever it holds', () => {
    for (const status of [200, 204]) expect(displayName('read', answer(status))).toBe('ok');
  });

  test('only a proven "no" is final', () => {
    const final = (status: number, body: ResponseJson) => {
      const verdict = classify('read', answer(status, body));
      return verdict !== 'ok' && isFinal(verdict);
    };
    expect(final(403, errors('permission denied'))).toBe(true);
    expect(final(404, errors())).toBe(true);
    expect(final(405, errors())).toBe(true);
    expect(final(400, errors('who knows'))).toBe(false);
    expect(final(403, errors('who knows'))).toBe(false);
    expect(final(503, errors('Vault is sealed'))).toBe(false);
  });

  test('a long list of long errors is checked in part, and soon', () => {
    const many = errors(...Array.from({ length: 10_000 }, () => `${'"\\'.repeat(50_000)}: Vault is sealed`));
    expect(displayName('read', answer(400, many))).toBe('INVALID_REF?');
  });
});

test('a 400 without a body is about the path of a label, which is no outage, and at a login it is one', () => {
  for (const operation of ['read', 'mount', 'probe'] as const) {
    expect(classify(operation, answer(400, undefined, 0))).toMatchObject({ code: 'INVALID_REF', isProven: false });
  }
  for (const operation of ['login', 'renew', 'lookup'] as const) {
    expect(classify(operation, answer(400, undefined, 0))).toMatchObject({ code: 'UNAVAILABLE' });
  }
});
