import assert from 'node:assert/strict';
import type { ProviderInstance, SecretRef, SecretRevision } from '@vault-swarm/provider';
import { abortedInFlight, eventually, expectError, read, rejection, revisionOf, within } from '../calls.ts';
import { canary, findValue } from '../canary.ts';
import { type ContractCheck, check } from '../contract-check.ts';

/** The deadline of an aborted call. */
const ABORT_MS = 100;
/** The deadline of a read. */
const READ_MS = 10_000;

/** A replaced value is read unchanged, or not at all. */
export const oldRevisionChecks: readonly ContractCheck[] = [
  check('reads a replaced value by its revision', ['oldRevisions'], async (harness, instance) => {
    const ref = harness.ref('replaced');
    const texts = [' \tGrüße 🐙\n', 'b', 'c\r\n\n'].map((ending) => `${canary('replaced')}${ending}`);
    const revisions: SecretRevision[] = [];
    for (const text of texts) {
      await harness.write('replaced', { text });
      revisions.push(await read(instance, ref));
    }
    for (const [at, { revision, createdAtMs }] of revisions.entries()) {
      const again = await readOld(instance, ref, revision);
      assert.deepEqual(Buffer.from(again.value.reveal()), Buffer.from(texts[at] ?? ''), `value ${at} is another one`);
      assert.equal(again.revision, revision, 'it has another revision than the one that was asked for');
      assert.equal(again.createdAtMs, createdAtMs, 'it was made at another time');
    }
    assert.equal(await revisionOf(instance, ref), revisions.at(-1)?.revision, 'the current revision changed');
  }),

  check('reads a field of a replaced value, decoded as the ref says', ['oldRevisions'], async (harness, instance) => {
    const bytes = Buffer.from([0, 255, 128, 10]);
    const plain = harness.ref('fields', { field: 'password' });
    const coded = harness.ref('fields', { field: 'key', encoding: 'base64' });
    await harness.write('fields', { fields: { password: canary('old'), key: bytes.toString('base64'), other: 'x' } });
    const before = { plain: await revisionOf(instance, plain), coded: await revisionOf(instance, coded) };
    await harness.write('fields', { fields: { password: canary('new'), other: 'y' } });
    assert.equal(await oldText(instance, plain, before.plain), canary('old'));
    assert.deepEqual(Buffer.from((await readOld(instance, coded, before.coded)).value.reveal()), bytes);
  }),

  check('fails with NOT_FOUND for a revision that never existed', ['oldRevisions'], async (harness, instance) => {
    const ref = harness.ref('known');
    await harness.write('known', { text: canary('known') });
    const revision = await revisionOf(instance, ref);
    for (const never of ['', 'never', `${revision}-never`]) {
      expectError(await rejection(readOld(instance, ref, never)), 'NOT_FOUND');
    }
    expectError(await rejection(readOld(instance, harness.ref('unknown'), revision)), 'NOT_FOUND');
  }),

  check(
    'never reads another value by the revision of a deleted and re-created one',
    ['oldRevisions'],
    async (harness, instance) => {
      const ref = harness.ref('again');
      await harness.write('again', { text: canary('first') });
      const revision = await revisionOf(instance, ref);
      await harness.delete('again');
      await harness.write('again', { text: canary('other') });
      // A provider that continues its numbering and keeps deleted values may return it.
      const answer = await oldText(instance, ref, revision).catch((error: unknown) => expectError(error, 'NOT_FOUND'));
      if (typeof answer === 'string') assert.equal(answer, canary('first'));
    },
  ),

  check(
    'does not read an old revision if the signal is already aborted',
    ['oldRevisions'],
    async (harness, instance) => {
      const ref = harness.ref('value');
      await harness.write('value', { text: canary('value') });
      const revision = await revisionOf(instance, ref);
      const reading = readOld(instance, ref, revision, AbortSignal.abort());
      expectError(await within(ABORT_MS, 'read', rejection(reading)));
    },
  ),

  check(
    'ends a read of an old revision that hangs when it is aborted',
    ['oldRevisions', 'hang'],
    async (harness, instance) => {
      const ref = harness.ref('hanging');
      await harness.write('hanging', { text: canary('hanging') });
      const revision = await revisionOf(instance, ref);
      await harness.hang.start();
      try {
        expectError(await abortedInFlight(ABORT_MS, (signal) => readOld(instance, ref, revision, signal)));
      } finally {
        await harness.hang.end();
      }
    },
  ),

  check(
    'fails with UNAVAILABLE, not NOT_FOUND, for an old revision in an outage',
    ['oldRevisions', 'outage'],
    async (harness, instance) => {
      const ref = harness.ref('value');
      await harness.write('value', { text: canary('value') });
      const revision = await revisionOf(instance, ref);
      await harness.outage.start();
      try {
        expectError(await rejection(readOld(instance, ref, revision)), 'UNAVAILABLE');
      } finally {
        await harness.outage.end();
      }
      assert.equal(await eventually(READ_MS, () => oldText(instance, ref, revision)), canary('value'));
    },
  ),

  check('shows no value in an old revision or in an error about it', ['oldRevisions'], async (harness, instance) => {
    await harness.write('fields', { fields: { a: canary('secret'), b: { c: canary('secret') } } });
    const ref = harness.ref('fields', { field: 'a' });
    const revision = await revisionOf(instance, ref);
    await harness.write('fields', { fields: { a: canary('new') } });
    const leak = findValue(await readOld(instance, ref, revision));
    assert.equal(leak, null, leak ?? '');
    for (const wrong of [{ field: 'x' }, { field: 'b.x' }, { field: 'a', encoding: 'base64' }] as const) {
      expectError(await rejection(readOld(instance, harness.ref('fields', wrong), revision)));
    }
  }),
];

function readOld(
  instance: ProviderInstance,
  ref: SecretRef,
  revision: string,
  signal = AbortSignal.timeout(READ_MS),
): Promise<SecretRevision> {
  assert(instance.revisions !== null, 'the instance has no revisions, though it is declared to read old ones');
  return instance.revisions.readRevision(ref, revision, { signal });
}

async function oldText(instance: ProviderInstance, ref: SecretRef, revision: string): Promise<string> {
  return Buffer.from((await readOld(instance, ref, revision)).value.reveal()).toString('utf8');
}
