import { ShiftedClock } from '@vault-swarm/lab/clocks';
import { probeAll, readTextOf } from '@vault-swarm/lab/provider-calls';
import { afterEach, describe, expect, test } from 'vitest';
import { refTo } from './testing/configured.ts';
import { ScriptedProviders } from './testing/scripted-provider.ts';
import { data, metadata, permissionDenied, type ScriptedAnswer, version2 } from './testing/scripted-vault.ts';

const providers = new ScriptedProviders();
afterEach(() => providers.close());

/** A document about so many versions, the last one current. */
function longMetadata(versions: number): ScriptedAnswer {
  const each = { created_time: 't', deletion_time: '', destroyed: false, created_by: { client_id: 'x'.repeat(100) } };
  const all = Object.fromEntries(Array.from({ length: versions }, (_, index) => [index + 1, each]));
  return data({ current_version: versions, versions: all });
}

function subkeys(number: number): ScriptedAnswer {
  const version = { version: number, created_time: 't', deletion_time: '', destroyed: false };
  return data({ subkeys: { password: null }, metadata: version });
}

describe('probes of Vault', () => {
  test('names the policy to add if metadata is refused, and does not ask each time', async () => {
    const clock = new ShiftedClock();
    let allowed = false;
    const { instance, asked } = await providers.start(
      ({ path }) => (path.startsWith('secret/metadata') ? (allowed ? metadata() : permissionDenied) : undefined),
      clock,
    );
    for (let turn = 0; turn < 3; turn++) {
      const [result] = await probeAll(instance, refTo('app'));
      expect(result).toMatchObject({
        kind: 'unsupported',
        problem: expect.stringContaining('path "secret/metadata/app" { capabilities = ["read"] }'),
      });
    }
    expect(asked()).toEqual(['secret/metadata/app', 'secret/subkeys/app?depth=1']);
    allowed = true;
    clock.advance(60_000);
    expect(await probeAll(instance, refTo('app'))).toEqual([{ kind: 'marker', marker: '1@t live', revision: '1@t' }]);
  });

  test('tells a version that will be deleted later from one that is, by the clock of the server', async () => {
    const version = { created_time: 't', deletion_time: '2026-01-01T00:01:00.5Z', destroyed: false };
    let date = 'Thu, 01 Jan 2026 00:00:59 GMT';
    const { instance } = await providers.start(({ path }) =>
      path.startsWith('secret/metadata') ? metadata(1, version, { Date: date }) : undefined,
    );
    expect(await probeAll(instance, refTo('app'))).toEqual([{ kind: 'marker', marker: '1@t live', revision: '1@t' }]);
    // The header has no more than seconds, so a read has to tell.
    date = 'Thu, 01 Jan 2026 00:01:00 GMT';
    expect(await probeAll(instance, refTo('app'))).toEqual([{ kind: 'unsupported' }]);
    date = 'Thu, 01 Jan 2026 00:01:01 GMT';
    expect(await probeAll(instance, refTo('app'))).toEqual([{ kind: 'marker', marker: '1@t deleted' }]);
  });

  test('gives up a pass of probes after some failures in a row, with an error for each ref', async () => {
    const { instance, asked } = await providers.start(({ path }) =>
      path.startsWith('secret/') ? { status: 503, json: { errors: ['Vault is sealed'] } } : undefined,
    );
    const refs = Array.from({ length: 500 }, (_, index) => refTo(`app-${index}`));
    const results = await probeAll(instance, ...refs);
    expect(results.every((result) => result.kind === 'failed' && result.error.code === 'UNAVAILABLE')).toBe(true);
    // Eight at the same time, and the sixteen retries that a server in trouble gets.
    expect(asked().length).toBeLessThan(28);
  });

  test('leaves connections for reads while a long pass of probes hangs', async () => {
    const { instance } = await providers.start(({ path }) =>
      path.startsWith('secret/metadata') ? 'hang' : path.startsWith('secret/') ? version2({ v: 'read' }) : undefined,
    );
    const controller = new AbortController();
    const refs = Array.from({ length: 100 }, (_, index) => refTo(`app-${index}`));
    const pass = instance.probe?.probe(refs, { signal: controller.signal });
    expect(await readTextOf(instance, refTo('app'))).toBe('read');
    controller.abort();
    await expect(pass).rejects.toThrow();
  });

  test('asks for the subkeys from the second pass on if the document about the versions is long', async () => {
    const { instance, asked } = await providers.start(({ path }) => {
      if (path.startsWith('secret/metadata')) return longMetadata(100);
      return path.startsWith('secret/subkeys') ? subkeys(path.endsWith('version=3') ? 3 : 100) : undefined;
    });
    const refs = [refTo('app'), refTo('app', { field: 'a' }), refTo('app', { pin: '3' })];
    const first = await probeAll(instance, ...refs);
    expect(first.map((result) => result.kind === 'marker' && result.marker)).toEqual([
      '100@t live',
      '100@t live',
      '3@t live',
    ]);
    expect(await probeAll(instance, ...refs)).toEqual(first);
    expect(asked()).toEqual([
      'secret/metadata/app',
      'secret/subkeys/app?depth=1',
      'secret/subkeys/app?depth=1&version=3',
    ]);
  });

  test('stays with the document if it is shorter than an answer for each version wanted', async () => {
    const { instance, asked } = await providers.start(({ path }) =>
      path.startsWith('secret/metadata') ? longMetadata(100) : undefined,
    );
    const refs = Array.from({ length: 10 }, (_, index) => refTo('app', { pin: `${index + 1}` }));
    for (let turn = 0; turn < 2; turn++) await probeAll(instance, ...refs);
    expect(asked()).toEqual(['secret/metadata/app', 'secret/metadata/app']);
  });

  test.each([
    ['refused by policy', permissionDenied],
    ['not known to the server', { status: 404, json: { errors: ['unsupported path'] } }],
  ] as const)('goes back to the document for a minute where the subkeys are %s', async (_how, answer) => {
    const clock = new ShiftedClock();
    const { instance, asked } = await providers.start(({ path }) => {
      if (path.startsWith('secret/metadata')) return longMetadata(100);
      return path.startsWith('secret/subkeys') ? answer : undefined;
    }, clock);
    const ask = async () => {
      const before = asked().length;
      expect(await probeAll(instance, refTo('app'))).toEqual([
        { kind: 'marker', marker: '100@t live', revision: '100@t' },
      ]);
      return asked()
        .slice(before)
        .map((path) => path.split('/')[1]);
    };
    expect(await ask()).toEqual(['metadata']);
    expect(await ask()).toEqual(['subkeys', 'metadata']);
    expect(await ask()).toEqual(['metadata']);
    clock.advance(60_000);
    expect(await ask()).toEqual(['subkeys', 'metadata']);
  });

  test('asks for the subkeys if policy refuses the metadata', async () => {
    const { instance } = await providers.start(({ path }) => {
      if (path.startsWith('secret/metadata')) return permissionDenied;
      return path.startsWith('secret/subkeys') ? subkeys(1) : undefined;
    });
    expect(await probeAll(instance, refTo('app'))).toEqual([{ kind: 'marker', marker: '1@t live', revision: '1@t' }]);
  });

  test('stops asking a mount at its first 429, and gives the rest the same wait; other mounts are asked', async () => {
    const busy = { status: 429, json: { errors: ['request path "s3cret": rate limit quota exceeded'] } };
    const { instance, asked, vault } = await providers.start(({ path }) => {
      if (path.startsWith('sys/internal/ui/mounts/other'))
        return data({ type: 'kv', path: 'other/', options: { version: '2' } });
      if (path.startsWith('other/metadata')) return metadata();
      return path.startsWith('secret/') ? { ...busy, headers: { 'Retry-After': '7' } } : undefined;
    });
    const refs = Array.from({ length: 200 }, (_, index) => refTo(`app-${index}`));
    const others = [refTo('first', { mount: 'other' }), refTo('last', { mount: 'other' })];
    const results = await probeAll(instance, ...refs, ...others);
    expect(results.slice(-2)).toEqual([
      { kind: 'marker', marker: '1@t live', revision: '1@t' },
      { kind: 'marker', marker: '1@t live', revision: '1@t' },
    ]);
    for (const [index, result] of results.slice(0, -2).entries()) {
      expect(result).toMatchObject({ kind: 'failed', error: { code: 'RATE_LIMITED', retryAfterMs: 7_000 } });
      expect(result.kind === 'failed' && result.error.message).toContain(`vault secret/app-${index}: `);
    }
    expect(asked().length).toBeLessThanOrEqual(8);
    expect(vault.seen.filter(({ path }) => path.startsWith('other/')).length).toBe(2);
  });

  test('of one path that are asked at the same time share one request', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { instance, asked } = await providers.start(async ({ path }) => {
      if (!path.startsWith('secret/metadata')) return undefined;
      await released;
      return metadata();
    });
    const passes = [probeAll(instance, refTo('app')), probeAll(instance, refTo('app', { field: 'a' }))];
    await expect.poll(() => asked().length).toBe(1);
    release();
    expect((await Promise.all(passes)).flat()).toEqual(
      Array(2).fill({ kind: 'marker', marker: '1@t live', revision: '1@t' }),
    );
    expect(asked()).toEqual(['secret/metadata/app']);
  });
});
