import { type GcpFake, startGcpFake } from '@vault-swarm/lab';
import { ShiftedClock } from '@vault-swarm/lab/clocks';
import { probeAll, readTextOf } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import type { ProbeResult, ProviderInstance, SecretRef } from '@vault-swarm/provider';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fullName, providerOf, refTo, variablesFor } from './testing/configured.ts';

let gcp: GcpFake;
let clock: ShiftedClock;
const open: ProviderInstance[] = [];

beforeEach(async () => {
  gcp = await startGcpFake();
  clock = new ShiftedClock();
});
afterEach(async () => {
  for (const provider of open.splice(0)) await provider.close();
  await gcp.stop();
});

function opened(variables: Variables = {}): ProviderInstance {
  const provider = providerOf({ ...variablesFor(gcp), ...variables }, { clock });
  open.push(provider);
  return provider;
}

const written = (count: number) =>
  Array.from({ length: count }, (_, index) => {
    gcp.secrets.write(fullName(`s-${index}`), `${index}`);
    return refTo(`s-${index}`);
  });

/** The results of a probe, and how many calls it took by operation. */
async function counted(provider: ProviderInstance, refs: readonly SecretRef[]) {
  gcp.resetCounts();
  const results = await probeAll(provider, ...refs);
  const { login: _, ...calls } = gcp.counts().byOperation;
  return { kinds: kindsOf(results), results, calls };
}
const kindsOf = (results: readonly ProbeResult[]) => {
  const kinds: Record<string, number> = {};
  for (const { kind } of results) kinds[kind] = (kinds[kind] ?? 0) + 1;
  return kinds;
};
const markers = (results: readonly ProbeResult[]) =>
  results.map((result) => (result.kind === 'marker' ? result.marker : result.kind));

describe('a poll', () => {
  test('is one call for each secret, without values, however many refs there are', async () => {
    const refs = written(10);
    const provider = opened();
    const fields = refs.map((ref) => ({ ...ref, field: 'a' }));
    const { kinds, calls } = await counted(provider, [...refs, ...fields]);
    expect([kinds, calls]).toEqual([{ marker: 20 }, { get: 10 }]);
  });

  test("of many secrets keeps within Google's quota, and asks for all of them in turn", async () => {
    const refs = written(1_000);
    const provider = opened();
    const first = await counted(provider, refs);
    expect([first.kinds, first.calls]).toEqual([{ marker: 150, unsupported: 850 }, { get: 150 }]);
    const asked = new Set<number>();
    let calls = 0;
    for (let pass = 0; pass < 20; pass++) {
      clock.advance(10_000);
      const later = await counted(provider, refs);
      expect(later.kinds.unsupported).toBeUndefined();
      calls += later.calls.get ?? 0;
      for (const [index, { kind }] of later.results.entries()) if (kind === 'marker') asked.add(index);
    }
    expect(asked.size).toBe(1_000);
    // 300 in a minute, and some for the time that the test itself took.
    expect(calls).toBeGreaterThanOrEqual(1_000);
    expect(calls).toBeLessThanOrEqual(1_300);
  });

  test('notices a new version, a state, and a secret that was created again', async () => {
    const [ref = refTo('')] = written(1);
    const provider = opened();
    const seen = new Set<string>();
    const look = async () => {
      clock.advance(10_000);
      for (const marker of markers(await probeAll(provider, ref))) seen.add(marker);
    };
    await look();
    gcp.secrets.write(fullName('s-0'), 'new');
    await look();
    gcp.secrets.change(fullName('s-0'), 2, 'DISABLED');
    await look();
    gcp.secrets.delete(fullName('s-0'));
    gcp.secrets.write(fullName('s-0'), 'again');
    gcp.secrets.write(fullName('s-0'), 'again');
    await look();
    expect(seen.size).toBe(4);
  });

  test('of latest-enabled changes only with the newest enabled version', async () => {
    written(1);
    const ref = refTo('s-0', { version: 'latest-enabled' });
    const provider = opened();
    const [before] = markers(await probeAll(provider, ref));
    gcp.secrets.write(fullName('s-0'), 'new');
    gcp.secrets.change(fullName('s-0'), 2, 'DISABLED');
    clock.advance(10_000);
    expect(markers(await probeAll(provider, ref))).toEqual([before]);
    gcp.secrets.change(fullName('s-0'), 2, 'ENABLED');
    clock.advance(10_000);
    expect(markers(await probeAll(provider, ref))).not.toEqual([before]);
  });

  test('after a read that gave another version than was reported gives another marker, so that it is read again', async () => {
    const [ref = refTo('')] = written(1);
    const provider = opened();
    gcp.secrets.write(fullName('s-0'), 'new');
    const [before] = markers(await probeAll(provider, ref));
    const body = { name: `${fullName('s-0')}/versions/1`, payload: { data: Buffer.from('0').toString('base64') } };
    gcp.disturb({ fault: { status: 200, body }, operation: 'access', times: 1 });
    expect(await readTextOf(provider, ref)).toBe('0');
    clock.advance(10_000);
    expect(markers(await probeAll(provider, ref))).not.toEqual([before]);
    expect(await readTextOf(provider, ref)).toBe('new');
  });

  test('that the policy denies says what to allow, and is tried again after five minutes', async () => {
    const refs = written(2);
    const end = gcp.deny('get', fullName('s-0'));
    const provider = opened();
    const { results } = await counted(provider, refs);
    expect(results).toMatchObject([
      { kind: 'unsupported', problem: expect.stringContaining('role Secret Manager Viewer') },
      { kind: 'marker' },
    ]);
    clock.advance(10_000);
    expect((await counted(provider, refs)).calls).toEqual({ get: 1 });
    end();
    clock.advance(5 * 60_000);
    expect((await counted(provider, refs)).kinds).toEqual({ marker: 2 });
  });

  test('that a quota stops waits before the next one', async () => {
    const refs = written(2);
    const provider = opened();
    await probeAll(provider, ...refs);
    clock.advance(10_000);
    const end = gcp.disturb({ fault: { status: 429, body: {} }, operation: 'get' });
    const { results } = await counted(provider, refs);
    for (const result of results) expect(result).toMatchObject({ kind: 'failed', error: { code: 'RATE_LIMITED' } });
    end();
    clock.advance(10_000);
    expect((await counted(provider, refs)).kinds).toEqual({ postponed: 2 });
    clock.advance(5_001);
    expect((await counted(provider, refs)).kinds).toEqual({ marker: 2 });
  });

  test('is postponed while the budget of calls is used up; only a read tells about a new secret', async () => {
    const refs = written(3);
    const provider = opened({ GCP_MAX_CALLS_PER_HOUR: '60' });
    await probeAll(provider, ...refs.slice(0, 2));
    clock.advance(10_000);
    expect((await counted(provider, refs)).kinds).toEqual({ postponed: 2, unsupported: 1 });
    clock.advance(3 * 70_000);
    expect((await counted(provider, refs)).kinds).toEqual({ marker: 3 });
  });
});
