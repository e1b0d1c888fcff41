import assert from 'node:assert/strict';
import { type ProviderInstance, refKey } from '@vault-swarm/provider';
import { failedRead, markerOf, probe, read, readText, revisionOf } from '../calls.ts';
import { canary } from '../canary.ts';
import { type ContractCheck, check } from '../contract-check.ts';

/** Values of the same length, written in quick succession: coarse timestamps would miss a change. */
const CHANGES = ['a', 'b', 'c', 'd', 'e'].map((letter) => canary(letter));

/** The largest accepted difference between the backend's clock and ours. */
const CLOCK_SKEW_MS = 60_000;

/** A revision names one version of a value. A changed marker requires another read. */
export const revisionChecks: readonly ContractCheck[] = [
  check('changes the revision of a changed value', [], async (harness, instance) => {
    const revisions = new Set<string>();
    for (const text of CHANGES) {
      await harness.write('changing', { text });
      const { revision, value } = await read(instance, harness.ref('changing'));
      assert.equal(Buffer.from(value.reveal()).toString(), text, 'an old value was delivered');
      revisions.add(revision);
    }
    assert.equal(revisions.size, CHANGES.length, 'two values have the same revision');
  }),

  check('changes the revision of a changed field', [], async (harness, instance) => {
    await harness.write('fields', { fields: { password: canary('a'), other: canary('x') } });
    const before = await revisionOf(instance, harness.ref('fields', { field: 'password' }));
    await harness.write('fields', { fields: { password: canary('b'), other: canary('x') } });
    assert.notEqual(await revisionOf(instance, harness.ref('fields', { field: 'password' })), before);
  }),

  check('keeps the revision of an unchanged value, also after a restart', [], async (harness, instance, tools) => {
    await harness.write('still', { text: canary('still') });
    const revision = await revisionOf(instance, harness.ref('still'));
    assert.equal(await revisionOf(instance, harness.ref('still')), revision);
    const restarted = await harness.open(tools);
    try {
      assert.equal(await revisionOf(restarted, harness.ref('still')), revision, 'it changed with the restart');
    } finally {
      await restarted.close();
    }
  }),

  check('changes the revision of a deleted and re-created value', [], async (harness, instance) => {
    await harness.write('again', { text: canary('first') });
    const before = await revisionOf(instance, harness.ref('again'));
    await harness.delete('again');
    await failedRead(instance, harness.ref('again'), 'NOT_FOUND');
    await harness.write('again', { text: canary('other') });
    assert.notEqual(await revisionOf(instance, harness.ref('again')), before);
  }),

  check('returns the same revision for the same value', ['digestRevisions'], async (harness, instance) => {
    await harness.write('same', { text: canary('a') });
    const before = await revisionOf(instance, harness.ref('same'));
    await harness.write('same', { text: canary('b') });
    await harness.write('same', { text: canary('a') });
    assert.equal(await revisionOf(instance, harness.ref('same')), before);
  }),

  check('returns the time of a revision', ['createdAt'], async (harness, instance) => {
    const before = Date.now();
    await harness.write('dated', { text: canary('dated') });
    const after = Date.now();
    const { createdAtMs } = await read(instance, harness.ref('dated'));
    assert(createdAtMs !== undefined, 'the revision has no createdAtMs');
    assert(createdAtMs >= before - CLOCK_SKEW_MS && createdAtMs <= after + CLOCK_SKEW_MS, `it is ${createdAtMs}`);
    assert.equal((await read(instance, harness.ref('dated'))).createdAtMs, createdAtMs, 'it changed without a write');
  }),

  check('reads the version that a ref pins', ['pins'], async (harness, instance) => {
    await harness.write('pinned', { text: canary('old') });
    const pin = await harness.pins.current('pinned');
    const pinned = harness.ref('pinned', { pin });
    const before = await read(instance, pinned);
    await harness.write('pinned', { text: canary('new') });
    assert.equal(await readText(instance, pinned), canary('old'));
    assert.equal(await revisionOf(instance, pinned), before.revision, 'the revision of a pinned version changed');
    assert.equal(await readText(instance, harness.ref('pinned')), canary('new'));
  }),

  check('fails with NOT_FOUND for a version that never existed', ['pins'], async (harness, instance) => {
    await harness.write('pinned', { text: canary('old') });
    await failedRead(instance, harness.ref('pinned', { pin: harness.pins.missing }), 'NOT_FOUND');
  }),

  check('orders the revisions of a value by their time', ['order'], async (harness, instance) => {
    const revisions: string[] = [];
    for (const text of CHANGES) {
      await harness.write('ordered', { text });
      revisions.push(await revisionOf(instance, harness.ref('ordered')));
    }
    await harness.delete('ordered');
    await failedRead(instance, harness.ref('ordered'), 'NOT_FOUND');
    await harness.write('ordered', { text: canary('made again') });
    revisions.push(await revisionOf(instance, harness.ref('ordered')));
    const [first = '', ...later] = revisions;
    for (const [index, revision] of later.entries()) {
      assert(compare(instance, first, revision) < 0, `the first is not older than ${index + 1}`);
      assert(compare(instance, revision, first) > 0, `${index + 1} is not newer than the first`);
      assert(compare(instance, revisions[index] ?? '', revision) <= 0, `${index} is newer than ${index + 1}`);
    }
    assert.equal(compare(instance, first, first), 0, 'a revision is another than itself');
  }),

  check('names the same revision in a probe as in a read', ['markers'], async (harness, instance) => {
    for (const text of CHANGES) {
      await harness.write('named', { text });
      const ref = harness.ref('named');
      const probed = (await probe(instance, [ref])).get(refKey(ref));
      const named = probed?.kind === 'marker' ? probed.revision : undefined;
      assert(named !== undefined || instance.probe?.namesRevisions !== true, 'the marker names no revision');
      if (named !== undefined) assert.equal(named, await revisionOf(instance, ref));
    }
  }),

  check('changes the marker of a changed value', ['markers'], async (harness, instance) => {
    const markers = new Set<string>();
    for (const text of CHANGES) {
      await harness.write('changing', { text });
      markers.add(await markerOf(instance, harness.ref('changing')));
    }
    assert.equal(markers.size, CHANGES.length, 'two values have the same marker');
  }),

  check('keeps the marker of an unchanged value', ['markers'], async (harness, instance) => {
    await harness.write('still', { text: canary('still') });
    const marker = await markerOf(instance, harness.ref('still'));
    await read(instance, harness.ref('still'));
    assert.equal(await markerOf(instance, harness.ref('still')), marker);
  }),

  check('changes the marker of a deleted and re-created value', ['markers'], async (harness, instance) => {
    await harness.write('again', { text: canary('first') });
    const before = await markerOf(instance, harness.ref('again'));
    await harness.delete('again');
    await harness.write('again', { text: canary('other') });
    assert.notEqual(await markerOf(instance, harness.ref('again')), before);
  }),
];

function compare({ order }: ProviderInstance, a: string, b: string): number {
  assert(order !== null, 'the instance has no order, though it is declared to have one');
  const compared = order.compare(a, b);
  assert(compared !== undefined, `it does not tell which of ${a} and ${b} is older`);
  return compared;
}
