import {
  type ProbeResult,
  type ProviderError,
  type ProviderInstance,
  refKey,
  type SecretRef,
} from '@vault-swarm/provider';
import { afterEach, describe, expect, test } from 'vitest';
import { ShiftedClock } from './testing/clocks.ts';
import { providerOf, readTextOf, refTo, soon } from './testing/configured.ts';
import {
  data,
  mount,
  notThere,
  permissionDenied,
  type ScriptedAnswer,
  type ScriptedVault,
  type SeenRequest,
  startScriptedVault,
  version2,
} from './testing/scripted-vault.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A provider with a live token on a server that answers all but the calls about token and mount by `secret`. */
async function scripted(
  secret: (request: SeenRequest) => ScriptedAnswer | undefined | Promise<ScriptedAnswer | undefined>,
  clock = new ShiftedClock(),
): Promise<{ readonly instance: ProviderInstance; readonly vault: ScriptedVault; readonly asked: () => string[] }> {
  const vault = await startScriptedVault(async (request) => {
    const given = await secret(request);
    if (given !== undefined) return given;
    if (request.path === 'auth/token/lookup-self') return data({ ttl: 0, renewable: false });
    return request.path.startsWith('sys/internal/ui/mounts/') ? mount('secret', '2') : notThere;
  });
  const instance = providerOf({ VAULT_ADDR: vault.address, VAULT_TOKEN: 'ours' }, clock);
  closing.push(vault.close, () => instance.close());
  const asked = () => vault.seen.map(({ path }) => path).filter((path) => /^secret\//.test(path));
  return { instance, vault, asked };
}

async function failure(instance: ProviderInstance, ref: SecretRef = refTo('app')): Promise<ProviderError> {
  return instance.secrets.read(ref, soon()).then(
    () => Promise.reject(new Error('it was read')),
    (error: ProviderError) => error,
  );
}

async function probe(instance: ProviderInstance, ...refs: SecretRef[]): Promise<readonly ProbeResult[]> {
  const results = await instance.probe?.probe(refs, soon());
  return refs.map((ref) => results?.get(refKey(ref)) ?? { kind: 'unsupported', problem: 'no answer for the ref' });
}

const metadata = (current = 1): ScriptedAnswer =>
  data({
    current_version: current,
    versions: { [current]: { created_time: 't', deletion_time: '', destroyed: false } },
  });

describe('a provider on Vault', () => {
  test.each([
    [{ status: 429, json: { errors: ['s3cret'] }, headers: { 'Retry-After': '3' } }, 'RATE_LIMITED', 3000],
    [{ status: 429, json: { errors: ['s3cret'] } }, 'RATE_LIMITED', undefined],
    [{ status: 503, json: { errors: ['Vault is sealed'] } }, 'UNAVAILABLE', undefined],
    [{ status: 500, json: { errors: ['internal error: s3cret'] } }, 'UNAVAILABLE', undefined],
    [{ status: 502, json: '<html>s3cret</html>' }, 'UNAVAILABLE', undefined],
    [{ status: 412, json: { errors: ['required index state not present'] } }, 'UNAVAILABLE', undefined],
    [{ status: 400, json: { errors: ['Upgrading from non-versioned to versioned data.'] } }, 'UNAVAILABLE', undefined],
    [{ status: 400, json: { errors: ['s3cret'] } }, 'INVALID_REF', undefined],
    [{ status: 405, json: { errors: ['unsupported operation'] } }, 'INVALID_REF', undefined],
  ] as const)('answers %j with %s, and shows nothing of it', async (answer, code, retryAfterMs) => {
    const { instance } = await scripted(({ path }) => (path.startsWith('secret/') ? answer : undefined));
    const error = await failure(instance);
    expect(error).toMatchObject({ code, retryAfterMs });
    expect(error.message).toMatch(/^vault secret\/app: /);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('s3cret');
  });

  test('asks once for all that is wanted of one path at the same time', async () => {
    const { instance, asked } = await scripted(({ path }) =>
      path.startsWith('secret/data')
        ? version2({ a: '1', b: '2' })
        : path.startsWith('secret/')
          ? metadata()
          : undefined,
    );
    const a = refTo('app', { field: 'a' });
    const b = refTo('app', { field: 'b' });
    expect(await Promise.all([a, b, a].map((ref) => readTextOf(instance, ref)))).toEqual(['1', '2', '1']);
    const [first, second] = await probe(instance, a, b, refTo('app', { encoding: 'base64' }));
    expect(first).toEqual({ kind: 'marker', marker: '1@t live' });
    expect(second).toEqual(first);
    expect(asked()).toEqual(['secret/data/app', 'secret/metadata/app']);
  });

  test('encodes paths', async () => {
    const { instance, asked } = await scripted(({ path }) =>
      path.startsWith('secret/') ? version2({ v: 'x' }) : undefined,
    );
    await readTextOf(instance, refTo('a b/ü?#%2e&#x2F;'));
    expect(asked()).toEqual(['secret/data/a%20b/%C3%BC%3F%23%252e%26%23x2F%3B']);
  });

  test('works out the version of a mount that it is not told about', async () => {
    const hidden = ({ path }: SeenRequest) =>
      path.startsWith('sys/internal/ui/mounts') ? permissionDenied : undefined;
    const v1 = await scripted((request) => (request.path === 'secret/app' ? data({ v: 'plain' }) : hidden(request)));
    expect(await readTextOf(v1.instance, refTo('app'))).toBe('plain');
    expect(await readTextOf(v1.instance, refTo('app'))).toBe('plain');
    expect(v1.asked()).toEqual(['secret/data/app', 'secret/app', 'secret/app']);
    const v2 = await scripted((request) =>
      request.path === 'secret/data/app' ? version2({ v: 'versioned' }) : hidden(request),
    );
    expect(await readTextOf(v2.instance, refTo('app'))).toBe('versioned');
    const none = await scripted((request) => (request.path.startsWith('secret/') ? permissionDenied : hidden(request)));
    const error = await failure(none.instance);
    expect(error.code).toBe('ACCESS_DENIED');
    expect(error.message).toContain('path "secret/data/app" { capabilities = ["read"] } for KV v2');
  });

  test('names the policy to add where metadata is refused, and does not ask each time', async () => {
    const clock = new ShiftedClock();
    let allowed = false;
    const { instance, asked } = await scripted(
      ({ path }) => (path.startsWith('secret/metadata') ? (allowed ? metadata() : permissionDenied) : undefined),
      clock,
    );
    for (let turn = 0; turn < 3; turn++) {
      const [result] = await probe(instance, refTo('app'));
      expect(result).toMatchObject({
        kind: 'unsupported',
        problem: expect.stringContaining('path "secret/metadata/app" { capabilities = ["read"] }'),
      });
    }
    expect(asked()).toEqual(['secret/metadata/app']);
    allowed = true;
    clock.advance(60_000);
    expect(await probe(instance, refTo('app'))).toEqual([{ kind: 'marker', marker: '1@t live' }]);
  });

  test('tells a version that will be deleted later from one that is', async () => {
    const clock = new ShiftedClock();
    const deletion = new Date(clock.now() + 60_000).toISOString();
    const versions = { 1: { created_time: 't', deletion_time: deletion, destroyed: false } };
    const { instance } = await scripted(
      ({ path }) => (path.startsWith('secret/metadata') ? data({ current_version: 1, versions }) : undefined),
      clock,
    );
    expect(await probe(instance, refTo('app'))).toEqual([{ kind: 'marker', marker: '1@t live' }]);
    clock.advance(60_000);
    expect(await probe(instance, refTo('app'))).toEqual([{ kind: 'marker', marker: '1@t deleted' }]);
  });

  test('gives up a pass of probes after some failures in a row, with an error for each ref', async () => {
    const { instance, asked } = await scripted(({ path }) =>
      path.startsWith('secret/') ? { status: 503, json: { errors: ['Vault is sealed'] } } : undefined,
    );
    const refs = Array.from({ length: 500 }, (_, index) => refTo(`app-${index}`));
    const results = await probe(instance, ...refs);
    expect(results.every((result) => result.kind === 'failed' && result.error.code === 'UNAVAILABLE')).toBe(true);
    expect(asked().length).toBeLessThan(20);
  });

  test('leaves connections for reads while a long pass of probes hangs', async () => {
    const { instance } = await scripted(({ path }) =>
      path.startsWith('secret/metadata') ? 'hang' : path.startsWith('secret/') ? version2({ v: 'read' }) : undefined,
    );
    const controller = new AbortController();
    const refs = Array.from({ length: 100 }, (_, index) => refTo(`app-${index}`));
    const pass = instance.probe?.probe(refs, { signal: controller.signal });
    expect(await readTextOf(instance, refTo('app'))).toBe('read');
    controller.abort();
    await expect(pass).rejects.toThrow();
  });

  test('ends an aborted read within 100 ms, also while it logs in', async () => {
    for (const hanging of ['auth/token/lookup-self', 'sys/internal/ui/mounts/secret', 'secret/data/app']) {
      let arrived = () => {};
      const arrival = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      const { instance } = await scripted(({ path }) => {
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
      const aborted = performance.now();
      controller.abort();
      expect((await ended)?.code).toBe('UNAVAILABLE');
      expect(performance.now() - aborted).toBeLessThan(100);
    }
  });

  test('answers INVALID_REF for a ref without a path', async () => {
    const { instance } = await scripted(() => undefined);
    expect((await failure(instance, { provider: 'vault', location: {}, encoding: 'raw' })).code).toBe('INVALID_REF');
  });
});
