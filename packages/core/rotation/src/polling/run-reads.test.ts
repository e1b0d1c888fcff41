import { type SecretRef, SecretValue } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { locationKey } from './location-key.ts';
import { runReads } from './run-reads.ts';
import { WatchedRef } from './watched-ref.ts';

const values = { newest: () => undefined };

/** Reads all fields of all locations, and returns the largest numbers that were in flight. */
async function readAll(locations: number, fields: number, besideProbe = false) {
  const inFlight = new Set<SecretRef>();
  const most = { refs: 0, locations: 0 };
  const refs = Array.from({ length: locations * fields }, (_, index): SecretRef => {
    // The fields of a location are not next to each other.
    const location = { path: `p${index % locations}` };
    return { provider: 'vault', location, field: `f${Math.floor(index / locations)}`, encoding: 'raw' };
  });
  const refresh = async (ref: SecretRef) => {
    inFlight.add(ref);
    most.refs = Math.max(most.refs, inFlight.size);
    most.locations = Math.max(most.locations, new Set([...inFlight].map(locationKey)).size);
    await new Promise((resolve) => setImmediate(resolve));
    inFlight.delete(ref);
    return { value: SecretValue.fromText('value'), revision: 'r1' };
  };
  const found = await runReads(
    {
      clock: { now: () => 0, monotonic: () => 0, after: () => () => undefined },
      provider: 'vault',
      values: { refresh },
      digest: () => 'digest',
      formerDigest: () => null,
    },
    refs.map((ref) => ({ watched: new WatchedRef(ref, { values, jitter: () => 0 }), marker: null, named: undefined })),
    0,
    new AbortController().signal,
    besideProbe,
  );
  expect(new Set(found.map(({ watched }) => watched.ref))).toEqual(new Set(refs));
  return most;
}

test('eight locations are read at once, not eight fields: those of a location share one read', async () => {
  expect(await readAll(20, 5)).toEqual({ refs: 16, locations: 8 });
});

test('beside a probe only four locations are read at once, so that connections are left to tasks', async () => {
  expect(await readAll(20, 5, true)).toEqual({ refs: 8, locations: 4 });
});

test('a location gets at most two reads at once, even if its provider does not share them', async () => {
  expect(await readAll(1, 100)).toEqual({ refs: 2, locations: 1 });
});
