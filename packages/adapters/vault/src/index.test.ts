import { ownTimeOf } from '@vault-swarm/lab/clocks';
import { probeAll, readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { ProviderError, ProviderInstance } from '@vault-swarm/provider';
import { afterEach, describe, expect, test } from 'vitest';
import { refTo } from './testing/configured.ts';
import { ScriptedProviders } from './testing/scripted-provider.ts';
import { metadata, permissionDenied, type SeenRequest, version2 } from './testing/scripted-vault.ts';

const providers = new ScriptedProviders();
afterEach(() => providers.close());

const read = (instance: ProviderInstance, ref = refTo('app')) => instance.secrets.read(ref, soon());

describe('a provider on Vault', () => {
  test.each([
    [{ status: 429, json: { errors: ['s3cret'] }, headers: { 'Retry-After': '3' } }, 'RATE_LIMITED', 3000],
    [{ status: 429, json: { errors: ['s3cret'] } }, 'RATE_LIMITED', undefined],
    [{ status: 503, json: { errors: ['Vault is sealed'] } }, 'UNAVAILABLE', undefined],
    [{ status: 500, json: { errors: ['internal error: s3cret'] } }, 'UNAVAILABLE', undefined],
    [{ status: 502, json: '<html>s3cret</html>' }, 'UNAVAILABLE', undefined],
    [{ status: 412, json: { errors: ['required index state not present'] } }, 'UNAVAILABLE', undefined],
    [{ status: 400, json: { errors: ['Upgrading from non-versioned to versioned data.'] } }, 'UNAVAILABLE', undefined],
    [
      { status: 400, json: { errors: ['failed to persist lease entry: cannot write to readonly storage'] } },
      'UNAVAILABLE',
      undefined,
    ],
    [{ status: 404, json: '<html>404 page not found</html>' }, 'UNAVAILABLE', undefined],
    [{ status: 403, json: '<html>s3cret</html>' }, 'UNAVAILABLE', undefined],
    [{ status: 400, json: { errors: ['s3cret'] } }, 'INVALID_REF', undefined],
    [{ status: 405, json: { errors: ['unsupported operation'] } }, 'INVALID_REF', undefined],
  ] as const)('answers %j with %s, and shows nothing of it', async (answer, code, retryAfterMs) => {
    const { instance } = await providers.start(({ path }) => (path.startsWith('secret/') ? answer : undefined));
    const error = await vaultErrorOf(read(instance));
    expect(error).toMatchObject({ code, retryAfterMs });
    expect(error.message).toMatch(/^vault secret\/app: /);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('s3cret');
  });

  test.each([
    [{ status: 400, json: { errors: ['s3cret'] } }, 'INVALID_REF', false],
    [{ status: 403, json: { errors: ['s3cret'] } }, 'ACCESS_DENIED', false],
    [{ status: 200, json: { s3cret: true } }, 'INVALID_PAYLOAD', false],
    [{ status: 404, json: { errors: [] } }, 'NOT_FOUND', true],
    [permissionDenied, 'ACCESS_DENIED', true],
    [{ status: 405, json: { errors: ['unsupported operation'] } }, 'INVALID_REF', true],
  ] as const)('is asked again after %j (%s) unless that proves a "no": %s', async (answer, code, isProven) => {
    const { instance } = await providers.start(({ path }) => (path.startsWith('secret/') ? answer : undefined));
    expect(await vaultErrorOf(read(instance))).toMatchObject({ code, isProven, isOutage: false, retryable: !isProven });
  });

  test('names the rule to add for any path as one rule', async () => {
    const { instance } = await providers.start(({ path }) =>
      path.startsWith('secret/') ? permissionDenied : undefined,
    );
    const { message } = await vaultErrorOf(read(instance, refTo('x" { capabilities = ["sudo"] } path "y')));
    expect(message).toContain(
      String.raw`add path "secret/data/x\" { capabilities = [\"sudo\"] } path \"y" { capabilities = ["read"] }`,
    );
  });

  test('asks once for all that is wanted of one path at the same time', async () => {
    const { instance, asked } = await providers.start(({ path }) =>
      path.startsWith('secret/data')
        ? version2({ a: '1', b: '2' })
        : path.startsWith('secret/')
          ? metadata()
          : undefined,
    );
    const a = refTo('app', { field: 'a' });
    const b = refTo('app', { field: 'b' });
    expect(await Promise.all([a, b, a].map((ref) => readTextOf(instance, ref)))).toEqual(['1', '2', '1']);
    const [first, second] = await probeAll(instance, a, b, refTo('app', { encoding: 'base64' }));
    expect(first).toEqual({ kind: 'marker', marker: '1@t live', revision: '1@t' });
    expect(second).toEqual(first);
    expect(asked()).toEqual(['secret/data/app', 'secret/metadata/app']);
  });

  test('encodes paths', async () => {
    const { instance, asked } = await providers.start(({ path }) =>
      path.startsWith('secret/') ? version2({ v: 'x' }) : undefined,
    );
    await readTextOf(instance, refTo('a b/ü?#%2e&#x2F;'));
    expect(asked()).toEqual(['secret/data/a%20b/%C3%BC%3F%23%252e%26%23x2F%3B']);
  });

  test('reads nothing of a mount that the server does not show', async () => {
    const hidden = ({ path }: SeenRequest) =>
      path.startsWith('sys/internal/ui/mounts') ? permissionDenied : undefined;
    const none = await providers.start((request) =>
      request.path.startsWith('secret/') ? permissionDenied : hidden(request),
    );
    const error = await vaultErrorOf(read(none.instance));
    expect(error.code).toBe('ACCESS_DENIED');
    expect(error.message).toContain('path "secret/data/app" { capabilities = ["read"] } for KV v2');
    expect(none.asked()).toEqual([]);
  });

  test('ends an aborted read within 100 ms, also while it logs in', async () => {
    for (const hanging of ['auth/token/lookup-self', 'sys/internal/ui/mounts/secret', 'secret/data/app']) {
      let arrived = () => {};
      const arrival = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      const { instance } = await providers.start(({ path }) => {
        if (path !== hanging) return undefined;
        arrived();
        return 'hang';
      });
      const controller = new AbortController();
      const read = instance.secrets.read(refTo('app'), { signal: controller.signal });
      const ended = read.then(
        () => null,
        (error: ProviderError) => error,
      );
      await arrival;
      controller.abort();
      expect(await ownTimeOf(() => ended)).toBeLessThan(100);
      expect((await ended)?.code).toBe('UNAVAILABLE');
    }
  });

  test('answers INVALID_REF for a ref without a path', async () => {
    const { instance } = await providers.start(() => undefined);
    expect((await vaultErrorOf(read(instance, { provider: 'vault', location: {}, encoding: 'raw' }))).code).toBe(
      'INVALID_REF',
    );
  });
});
