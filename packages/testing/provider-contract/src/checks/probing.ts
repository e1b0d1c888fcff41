import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { type ProbeResult, refKey } from '@vault-swarm/provider';
import { eventually, expectError, markerOf, probe, readText, within } from '../calls.ts';
import { canary } from '../canary.ts';
import { type ContractCheck, check } from '../contract-check.ts';

/** The deadline of a hint about a change. */
const HINT_MS = 2_000;

/** A probe returns a result for every ref. Hints come without a request. */
export const probingChecks: readonly ContractCheck[] = [
  check('returns a probe result for each ref, also for a missing secret', ['markers'], async (harness, instance) => {
    await harness.write('text', { text: canary('text') });
    await harness.write('fields', { fields: { a: canary('a'), b: canary('b') } });
    const present = [
      harness.ref('text'),
      harness.ref('text', { encoding: 'base64' }),
      harness.ref('fields', { field: 'a' }),
      harness.ref('fields', { field: 'b' }),
    ];
    const missing = harness.ref('missing');
    const answer = await probe(instance, [...present, missing]);
    assert.deepEqual([...answer.keys()].sort(), [...present, missing].map(refKey).sort());
    for (const ref of present) assert.equal(answer.get(refKey(ref))?.kind, 'marker', refKey(ref));
    expectError(failure(answer.get(refKey(missing))), 'NOT_FOUND');
  }),

  check('does not return the earlier marker of a deleted value', ['markers'], async (harness, instance) => {
    const ref = harness.ref('deleted');
    await harness.write('deleted', { text: canary('deleted') });
    const before = await markerOf(instance, ref);
    await harness.delete('deleted');
    const result = (await probe(instance, [ref])).get(refKey(ref));
    assert(result !== undefined, 'the probe has no result for the ref');
    assert(result.kind !== 'marker' || result.marker !== before, 'the probe does not detect the deletion');
    if (result.kind === 'failed') expectError(result.error, 'NOT_FOUND');
  }),

  check('accepts a probe of no refs', ['markers'], async (_harness, instance) => {
    assert.equal((await probe(instance, [])).size, 0);
  }),

  check(
    'returns UNAVAILABLE for each ref of a probe in an outage',
    ['markers', 'outage'],
    async (harness, instance) => {
      await harness.write('one', { text: canary('one') });
      await harness.write('two', { text: canary('two') });
      const refs = [harness.ref('one'), harness.ref('two')];
      // The earlier result must not be given as the result of the probe that fails.
      failsNot((await probe(instance, refs)).values());
      await harness.outage.start();
      try {
        const answer = await probe(instance, refs);
        for (const ref of refs) expectError(failure(answer.get(refKey(ref))), 'UNAVAILABLE');
      } finally {
        await harness.outage.end();
      }
      await eventually(10_000, async () => failsNot((await probe(instance, refs)).values()));
    },
  ),

  check('sends hints about changes until the listener is removed', ['hints'], async (harness, instance) => {
    const { hints } = instance;
    assert(hints !== null, 'the instance has no hints, though it is declared to give them');
    await harness.write('hinted', { text: canary('before') });
    let unwanted = 0;
    const stop = hints.onHint(() => unwanted++);
    stop();
    let leave = () => {};
    const { location } = harness.ref('hinted');
    const hinted = new Promise<void>((resolve) => {
      leave = hints.onHint((changed) => {
        // A hint that names locations is about these only.
        if (changed === undefined || changed.some((ref) => isDeepStrictEqual(ref.location, location))) resolve();
      });
    });
    // The write is repeated, because listening may start after onHint returned.
    let turn = 0;
    const write = () => harness.write('hinted', { text: canary(`after-${turn++}`) });
    let heard = false;
    void hinted.then(() => {
      heard = true;
    });
    await within(
      HINT_MS,
      'a hint',
      eventually(HINT_MS, async () => {
        await write();
        assert(heard, 'there was no hint');
      }),
    );
    leave();
    assert.equal(unwanted, 0, 'who listens no longer was called');
  }),

  check('delivers a hundred values at the same time', [], async (harness, instance) => {
    const names = Array.from({ length: 10 }, (_, index) => `many-${index}`);
    for (const name of names) await harness.write(name, { text: canary(name) });
    const reads = Array.from({ length: 100 }, (_, index) => names[index % names.length] ?? '');
    const texts = await Promise.all(reads.map((name) => readText(instance, harness.ref(name))));
    assert.deepEqual(texts, reads.map(canary));
  }),
];

function failure(result: ProbeResult | undefined): unknown {
  assert(result?.kind === 'failed', `the probe answers ${result?.kind ?? 'nothing'} instead of an error`);
  return result.error;
}

function failsNot(results: Iterable<ProbeResult>): void {
  for (const result of results) assert.equal(result.kind, 'marker');
}
