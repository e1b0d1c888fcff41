import assert from 'node:assert/strict';
import type { ProviderInstance, SecretRef, SecretRevision } from '@vault-swarm/provider';
import { read, within } from '../calls.ts';
import { canary } from '../canary.ts';
import type { Hold } from '../capability.ts';
import { type ContractCheck, check } from '../contract-check.ts';

/** The deadline of a read. */
const READ_MS = 10_000;
/** The time between a read and a write. Less than adapters keep a result. */
const STEP_MS = 200;
/** More requests than any adapter needs for one read. */
const MAX_REQUESTS = 10;

/** A read is as new as its caller requires, says how old it is, and belongs to one version. */
export const readAgeChecks: readonly ContractCheck[] = [
  check('reads again if the caller accepts no earlier read', [], async (harness, instance, { clock }) => {
    for (const field of [undefined, 'a']) {
      const name = `fresh-${field ?? 'text'}`;
      for (const text of ['old', 'new'].map(canary)) {
        await harness.write(name, field === undefined ? { text } : { fields: { a: text, b: canary('other') } });
        const ref = harness.ref(name, field === undefined ? {} : { field });
        const found = await readSince(instance, ref, clock.monotonic());
        assert.equal(textOf(found), text, 'the read returned an earlier value than its notBeforeMs allows');
        clock.advance(STEP_MS);
      }
    }
  }),

  check(
    'does not join a read in flight that started before the caller allows',
    ['hold'],
    async (harness, instance, { clock }) => {
      const ref = harness.ref('joined');
      await harness.write('joined', { text: canary('old') });
      await read(instance, ref);
      await harness.hold.start();
      let second: Promise<SecretRevision>;
      const first = read(instance, ref);
      try {
        await heldBefore(first, harness.hold);
        clock.advance(STEP_MS);
        await harness.write('joined', { text: canary('new') });
        second = readSince(instance, ref, clock.monotonic());
      } finally {
        await harness.hold.end();
      }
      const [, found] = await Promise.all([first, second]);
      assert.equal(textOf(found), canary('new'), 'it joined a read that started before its notBeforeMs');
    },
  ),

  check('says when a read started that it joined', ['hold'], async (harness, instance, { clock }) => {
    const ref = harness.ref('dated');
    await harness.write('dated', { text: canary('old') });
    await read(instance, ref);
    await harness.hold.start();
    let second: Promise<SecretRevision>;
    let changedAtMs: number;
    const first = read(instance, ref);
    try {
      await heldBefore(first, harness.hold);
      clock.advance(STEP_MS);
      changedAtMs = clock.monotonic();
      await harness.write('dated', { text: canary('new') });
      clock.advance(STEP_MS);
      second = read(instance, ref);
    } finally {
      await harness.hold.end();
    }
    const [, found] = await Promise.all([first, second]);
    if (textOf(found) === canary('old')) {
      const { readAtMs } = found;
      assert(readAtMs !== undefined, 'it joined an earlier read and does not say when that started');
      assert(readAtMs <= changedAtMs, 'it returned the value before a change, and says it was read after the change');
    }
  }),

  check('says when a read started, by the clock that it was given', [], async (harness, instance, { clock }) => {
    await harness.write('timed', { fields: { a: canary('a'), b: canary('b') } });
    for (const field of ['a', 'b', 'a']) {
      const beforeMs = clock.monotonic();
      const { readAtMs = beforeMs } = await readSince(instance, harness.ref('timed', { field }), beforeMs);
      const afterMs = clock.monotonic();
      assert(readAtMs >= beforeMs && readAtMs <= afterMs, `readAtMs is ${readAtMs}, not in ${beforeMs}–${afterMs}`);
      clock.advance(STEP_MS);
    }
  }),

  check(
    'returns value and revision of the same version, though the value changes meanwhile',
    ['hold'],
    async (harness, instance, { clock }) => {
      const ref = harness.ref('torn');
      await harness.write('torn', { text: canary('version 0') });
      await read(instance, ref);
      // The value changes after the first response of a read, then after the second one, and so on.
      for (let after = 1, wasHeld = true; wasHeld && after <= MAX_REQUESTS; after++) {
        await harness.hold.start();
        const reading = readSince(instance, ref, clock.monotonic());
        try {
          for (let response = 1; response <= after && wasHeld; response++) {
            wasHeld = await isHeld(reading, harness.hold);
            if (wasHeld && response === after) await harness.write('torn', { text: canary(`version ${after}`) });
            await harness.hold.pass();
          }
        } finally {
          await harness.hold.end();
        }
        const torn = await reading;
        const whole = await readSince(instance, ref, clock.monotonic());
        assert.equal(
          torn.revision === whole.revision,
          textOf(torn) === textOf(whole),
          'the value is of one version, and the revision is of another',
        );
      }
    },
  ),

  check('reads the version of each pin, also at the same time', ['pins'], async (harness, instance) => {
    const texts = ['first', 'second', 'third'].map(canary);
    const pins: string[] = [];
    for (const text of texts) {
      await harness.write('pins', { text });
      pins.push(await harness.pins.current('pins'));
    }
    const refs = pins.map((pin) => harness.ref('pins', { pin }));
    const found = await Promise.all([harness.ref('pins'), ...refs, ...refs].map((ref) => read(instance, ref)));
    assert.deepEqual(found.map(textOf), [texts.at(-1), ...texts, ...texts], 'the pins are mixed up');
    const revisions = found.slice(1, texts.length + 1).map(({ revision }) => revision);
    assert.equal(new Set(revisions).size, texts.length, 'two versions have the same revision');
  }),

  check('does not change a value that it has returned', [], async (harness, instance, { clock }) => {
    await harness.write('kept', { text: canary('kept') });
    await harness.write('kept-fields', { fields: { a: canary('kept') } });
    const refs = [harness.ref('kept'), harness.ref('kept-fields', { field: 'a' })];
    const kept = await Promise.all(refs.map((ref) => read(instance, ref)));
    const assertKept = (when: string) => {
      for (const found of kept) assert.equal(textOf(found), canary('kept'), `the returned bytes changed ${when}`);
    };
    await harness.write('kept', { text: canary('next') });
    await harness.write('kept-fields', { fields: { a: canary('next') } });
    for (const ref of refs) await readSince(instance, ref, clock.monotonic());
    assertKept('with a later read');
    await instance.close();
    assertKept('when the instance was closed');
  }),
];

function readSince(instance: ProviderInstance, ref: SecretRef, notBeforeMs: number): Promise<SecretRevision> {
  return instance.secrets.read(ref, { signal: AbortSignal.timeout(READ_MS), notBeforeMs });
}

function textOf({ value }: SecretRevision): string {
  return Buffer.from(value.reveal()).toString('utf8');
}

/** Whether a response is held before the read ends. */
function isHeld(reading: Promise<unknown>, hold: Hold): Promise<boolean> {
  const ended = reading.then(
    () => false,
    () => false,
  );
  return Promise.race([ended, hold.held().then(() => true)]);
}

/** Waits until a response to this read is held. Rejects if the read ends without one. */
async function heldBefore(reading: Promise<unknown>, hold: Hold): Promise<void> {
  assert(await within(READ_MS, 'a held response', isHeld(reading, hold)), 'the read ended, though responses are held');
}
