import { type AzureFake, startAzureFake } from '@vault-swarm/lab';
import { ShiftedClock } from '@vault-swarm/lab/clocks';
import { probeAll, readTextOf } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import type { ProbeResult, ProviderInstance, SecretRef } from '@vault-swarm/provider';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { providerOf, refTo, variablesFor } from './testing/configured.ts';

let azure: AzureFake;
let clock: ShiftedClock;
const open: ProviderInstance[] = [];

beforeEach(async () => {
  azure = await startAzureFake();
  clock = new ShiftedClock();
  // Secrets are older than a few seconds, unless a test writes one.
  azure.vault.freezeTime(Math.floor(Date.now() / 1000) - 3_600);
});
afterEach(async () => {
  for (const provider of open.splice(0)) await provider.close();
  await azure.stop();
});

function opened(variables: Variables = {}): ProviderInstance {
  const provider = providerOf({ ...variablesFor(azure.endpoint), ...variables }, { clock });
  open.push(provider);
  return provider;
}

const written = (count: number) =>
  Array.from({ length: count }, (_, index) => {
    azure.vault.write(`s-${index}`, `${index}`);
    return refTo(`s-${index}`);
  });

/** The results of a probe, and how many calls it took by operation. */
async function counted(provider: ProviderInstance, refs: readonly SecretRef[]) {
  azure.resetCounts();
  const results = await probeAll(provider, ...refs);
  const { login: _, ...calls } = azure.counts().byOperation;
  return { results, calls };
}
const markers = (results: readonly ProbeResult[]) =>
  results.map((result) => (result.kind === 'marker' ? result.marker : result.kind));

describe('a poll', () => {
  test('of unchanged secrets is one call for 25 secrets of the vault, without values', async () => {
    const refs = written(60);
    const provider = opened();
    const first = await counted(provider, refs);
    const second = await counted(provider, refs);
    expect(first.calls).toEqual({ list: 3 });
    expect(second).toEqual(first);
    expect(first.results.every(({ kind }) => kind === 'marker')).toBe(true);
  });

  test('stops when all secrets are found', async () => {
    const refs = written(60);
    expect((await counted(opened(), refs.slice(0, 20))).calls).toEqual({ list: 1 });
  });

  test('of few secrets in a long list only says that reads can tell, and remembers that', async () => {
    written(200);
    const provider = opened();
    const last = [refTo('s-198'), refTo('s-199')];
    const first = await counted(provider, last);
    expect([first.calls, markers(first.results)]).toEqual([{ list: 2 }, ['unsupported', 'unsupported']]);
    expect((await counted(provider, last)).calls).toEqual({});
  });

  test('notices a new version at once, also within the second of the one before', async () => {
    const [ref = refTo('')] = written(2);
    const provider = opened();
    const seen = new Set(markers(await probeAll(provider, ref)));
    const second = Math.floor(Date.now() / 1000);
    azure.vault.freezeTime(second);
    for (const value of ['a', 'b', 'c']) {
      azure.vault.write('s-0', value);
      for (const marker of markers(await probeAll(provider, ref))) seen.add(marker);
      expect(await readTextOf(provider, ref)).toBe(value);
    }
    expect(seen.size).toBe(4);
  });

  test('reads a secret that has just changed, until later changes have another time', async () => {
    const [ref = refTo('')] = written(2);
    const provider = opened();
    await probeAll(provider, ref);
    azure.vault.freezeTime(Math.floor(Date.now() / 1000) - 10);
    azure.vault.write('s-0', 'old enough');
    expect((await counted(provider, [ref])).calls).toEqual({ list: 1 });
    azure.vault.freezeTime(undefined);
    azure.vault.write('s-0', 'new');
    expect((await counted(provider, [ref])).calls).toEqual({ list: 1, read: 1 });
  });

  test.for<[string, () => void]>([
    ['is disabled', () => azure.vault.change('s-0', { enabled: false })],
    ['gets an expiry', () => azure.vault.change('s-0', { exp: 4_000_000_000 })],
  ])('changes the marker of a secret that %s', async ([_, change]) => {
    const [ref = refTo('')] = written(2);
    const provider = opened();
    const before = await probeAll(provider, ref);
    change();
    expect(markers(await probeAll(provider, ref))).not.toEqual(markers(before));
  });

  test('asks for a missing secret once a minute, and finds it when it is there', async () => {
    const [ref = refTo('')] = written(1);
    const provider = opened();
    const refs = [ref, refTo('missing')];
    const first = await counted(provider, refs);
    expect(first.calls).toEqual({ list: 1, read: 1, deleted: 1 });
    expect(first.results[1]).toMatchObject({ kind: 'failed', error: { code: 'NOT_FOUND' } });
    expect((await counted(provider, refs)).calls).toEqual({ list: 1 });
    azure.vault.write('missing', 'x');
    expect(markers((await counted(provider, refs)).results)).not.toContain('failed');
  });

  test('that the policy denies says what to allow, and is tried again after five minutes', async () => {
    const refs = written(2);
    const end = azure.deny('list');
    const provider = opened();
    const { results } = await counted(provider, refs);
    expect(results[0]).toMatchObject({
      kind: 'unsupported',
      problem: expect.stringContaining('Key Vault Secrets User'),
    });
    expect((await counted(provider, refs)).calls).toEqual({});
    end();
    clock.advance(5 * 60_000);
    expect((await counted(provider, refs)).results[0]).toMatchObject({ kind: 'marker' });
  });

  test('that is throttled waits as long as Azure says', async () => {
    const refs = written(2);
    const provider = opened();
    await probeAll(provider, ...refs);
    const headers = { 'retry-after': '30' };
    azure.disturb({ fault: { status: 429, body: {}, headers }, operation: 'list', times: 1 });
    expect(markers(await probeAll(provider, ...refs))).toEqual(['failed', 'failed']);
    const waiting = await counted(provider, refs);
    expect([waiting.calls, markers(waiting.results)]).toEqual([{}, ['postponed', 'postponed']]);
    clock.advance(30_001);
    expect((await counted(provider, refs)).calls).toEqual({ list: 1 });
  });

  test('is postponed while the budget of calls is used up, but not for a new secret', async () => {
    const refs = written(3);
    const provider = opened({ AZURE_MAX_CALLS_PER_HOUR: '60' });
    await probeAll(provider, ...refs.slice(0, 2));
    expect(markers(await probeAll(provider, ...refs.slice(0, 2)))).toEqual(['postponed', 'postponed']);
    expect(markers(await probeAll(provider, ...refs))).not.toContain('postponed');
    clock.advance(3 * 70_000);
    expect(markers(await probeAll(provider, ...refs))).not.toContain('postponed');
  });

  test('does not send the token to another server that a list continues at', async () => {
    const refs = written(2);
    const nextLink = 'http://127.0.0.1:1/secrets?api-version=7.4';
    azure.disturb({ fault: { status: 200, body: { value: [], nextLink } }, operation: 'list' });
    const [result] = await probeAll(opened(), ...refs);
    expect(result).toMatchObject({ kind: 'failed', error: { code: 'UNAVAILABLE' } });
    expect(result?.kind === 'failed' && result.error.message).toContain('continues its list at another address');
  });

  test('changes each marker once an hour, so that a read shows whether the policy still allows it', async () => {
    const refs = written(30);
    const provider = opened();
    let before = markers(await probeAll(provider, ...refs));
    let changes = 0;
    for (let minute = 0; minute < 60; minute++) {
      clock.advance(60_000);
      const after = markers(await probeAll(provider, ...refs));
      changes += after.filter((marker, index) => marker !== before[index]).length;
      before = after;
    }
    expect(changes).toBeGreaterThanOrEqual(30);
    expect(changes).toBeLessThanOrEqual(32);
  });
});
