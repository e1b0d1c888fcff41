import { answer, CANARY, fc, holdsFor, showsCanary } from '@vault-swarm/fuzz';
import { realClock } from '@vault-swarm/lab/clocks';
import { ProviderError, parseLosslessJson } from '@vault-swarm/provider';
import { retryAfterMs } from '@vault-swarm/rest-client';
import { expect, test } from 'vitest';
import { loginWith } from './auth/method.ts';
import { unwrapSecretId } from './auth/response-wrapping.ts';
import type { Session } from './auth/session.ts';
import { lookupToken } from './auth/token-lookup.ts';
import type { VaultClient } from './client.ts';
import { classify } from './error-code.ts';
import type { ResponseJson, VaultResponse } from './http-types.ts';
import { locationOf, readV1, readV2 } from './kv.ts';
import { readMetadata, readSubkeys } from './kv-versions.ts';
import { Mounts } from './mounts.ts';

const time = fc.constantFrom('2026-01-01T00:00:00.5Z', '', CANARY);
const value = fc.constantFrom<unknown>({ password: CANARY, n: 1 }, {}, null, [CANARY]);
const number = fc.constantFrom<unknown>(0, 1, 7, 1e30, -1, 0.5, '1');
const versions = fc.dictionary(
  fc.constantFrom('0', '1', '7', '__proto__'),
  fc.record({ created_time: time, deletion_time: time, destroyed: fc.boolean() }),
);
const shapes = fc.oneof(
  fc.record({ data: fc.record({ data: value, metadata: fc.record({ version: number, created_time: time }) }) }),
  fc.record({ data: fc.record({ versions, current_version: number }) }),
  fc.record({ data: value }),
  fc.record({ auth: fc.record({ client_token: fc.constant('t'), lease_duration: number, renewable: fc.boolean() }) }),
  fc.record({ data: fc.record({ ttl: number, renewable: fc.boolean(), creation_path: fc.constant('a/b') }) }),
  fc.record({ data: fc.record({ type: fc.constantFrom('kv', CANARY), path: fc.constant('secret/'), options: value }) }),
  fc.record({ errors: fc.array(fc.constantFrom('permission denied', 'invalid token', 'sealed', CANARY)) }),
);

/** What {@link Transport} makes of a text. */
const answers = fc
  .tuple(answer(shapes), fc.constantFrom(200, 200, 204, 400, 403, 404, 405, 412, 429, 473, 500, 503), fc.string())
  .map(([text, status, header]): VaultResponse => {
    let body: ResponseJson | undefined;
    try {
      body = parseLosslessJson(text);
    } catch {
      body = undefined;
    }
    return { status, body, bodyLength: text.length, retryAfterMs: retryAfterMs(header, 0), serverTimeMs: undefined };
  });

/** A server that gives these answers in turn. */
function server(given: readonly VaultResponse[]): Session & VaultClient {
  let turn = 0;
  const request = async () => given[turn++ % given.length];
  return { request, server: 'vault at http://vault:8200', certificate: '' } as unknown as Session & VaultClient;
}

const location = locationOf({ provider: 'vault', location: { mount: 'secret', path: 'app' }, encoding: 'raw' });
const signal = new AbortController().signal;
const QUESTIONS: readonly ((from: Session & VaultClient) => Promise<unknown>)[] = [
  (from) => readV1(from, location, signal),
  (from) => readV2(from, location, signal),
  (from) => readMetadata(from, location, 0, signal).then(displayName),
  (from) => readSubkeys(from, location, [undefined, '1'], signal).then(displayName),
  (from) =>
    new Mounts({
      session: from,
      client: from,
      clock: realClock,
      server: 'vault',
      configured: new Map(),
      setting: 'VAULT_KV_MOUNTS',
      leaseLabel: 'vault_lease',
    }).find('secret', signal),
  (from) => lookupToken(from, 'token', signal),
  (from) => loginWith(from, 'auth/x/login', {}, signal, { method: 'X', advice: 'look', isRepeatable: true }),
  (from) =>
    unwrapSecretId(from, {
      token: 't',
      wrappingPath: 'a/b',
      variable: 'VAULT_SECRET_ID',
      signal,
      isUnanswered: false,
      onUnanswered: () => undefined,
    }),
];

const OF_A_MOUNT = 4;
const OPERATIONS = ['read', 'probe', 'mount', 'login', 'renew', 'lookup'] as const;

function displayName(known: Awaited<ReturnType<typeof readMetadata>>): unknown {
  return known.kind === 'found' ? [undefined, '0', '1', '7', '__proto__'].map(known.version) : known;
}

test('any answers of a server are understood, or are an error that shows nothing of them', () =>
  holdsFor(
    fc.tuple(fc.nat(QUESTIONS.length - 1), fc.array(answers, { minLength: 1, maxLength: 2 })),
    async ([at, given]) => {
      for (const operation of OPERATIONS)
        for (const one of given) expect(showsCanary(classify(operation, one))).toBe(false);
      const error = await QUESTIONS[at]?.(server(given)).then(
        () => null,
        (reason: unknown) => reason,
      );
      if (error === null) return;
      if (!(error instanceof ProviderError)) throw error;
      // What is said of a mount is shown, and is no secret.
      if (at !== OF_A_MOUNT) expect(showsCanary(error)).toBe(false);
    },
  ));
