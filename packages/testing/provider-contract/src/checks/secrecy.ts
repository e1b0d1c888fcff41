import assert from 'node:assert/strict';
import { refKey, type SecretRef } from '@vault-swarm/provider';
import { probe, read, readText } from '../calls.ts';
import { CANARY_NUMBER, canary, exactNumber, findValue } from '../canary.ts';
import { type ContractCheck, check } from '../contract-check.ts';
import { withPrinted } from '../printed.ts';

/** A value is only in the result of a read, through `reveal`. */
export const secrecyChecks: readonly ContractCheck[] = [
  check('shows no value in an error', [], async (harness, instance) => {
    const secret = canary('secret');
    await harness.write('fields', { fields: { a: secret, b: exactNumber(CANARY_NUMBER), c: { d: secret }, e: null } });
    await harness.write('text', { text: `{"broken": "${secret}` });
    await harness.write('long', { text: `${secret} ${CANARY_NUMBER} `.repeat(100) });
    const wrong: readonly SecretRef[] = [
      harness.ref('fields'),
      harness.ref('fields', { field: 'e' }),
      harness.ref('fields', { field: 'c.x' }),
      harness.ref('fields', { field: 'a.length' }),
      harness.ref('fields', { field: 'a', encoding: 'base64' }),
      harness.ref('text', { field: 'broken' }),
      harness.ref('text', { encoding: 'base64' }),
      harness.ref('long', { field: 'x' }),
      harness.ref('long', { encoding: 'base64' }),
    ];
    for (const ref of wrong) {
      // Other checks decide which of them a provider rejects. This one checks only the messages.
      const leak = await read(instance, ref).then(() => null, findValue);
      assert.equal(leak, null, `${refKey(ref)}: ${leak}`);
    }
  }),

  check('shows no value in a printed revision', [], async (harness, instance) => {
    await harness.write('printed', { text: canary('printed') });
    const revision = await read(instance, harness.ref('printed'));
    assert.equal(await readText(instance, harness.ref('printed')), canary('printed'));
    assert.equal(findValue(revision), null, findValue(revision) ?? '');
    assert.equal(findValue(revision.revision), null, 'the revision itself shows the value');
  }),

  check('returns a separate value to each caller, which may be wiped', [], async (harness, instance) => {
    const text = canary('wiped');
    await harness.write('wiped', { text });
    await harness.write('wiped-fields', { fields: { a: text } });
    for (const ref of [harness.ref('wiped'), harness.ref('wiped-fields', { field: 'a' })]) {
      const together = await Promise.all([read(instance, ref), read(instance, ref)]);
      together[0].value.wipe();
      const rest = [together[1], await read(instance, ref)];
      for (const { value } of rest) assert.equal(Buffer.from(value.reveal()).toString(), text);
    }
  }),

  check('prints no value on the console or the standard streams', [], async (harness, _instance, tools) => {
    const printed = await withPrinted(async () => {
      const instance = await harness.open(tools);
      try {
        await harness.write('quiet', { fields: { a: canary('quiet'), b: exactNumber(CANARY_NUMBER) } });
        await readText(instance, harness.ref('quiet', { field: 'a' }));
        await read(instance, harness.ref('quiet', { field: 'x' })).catch(() => {});
        await instance.probe?.probe([harness.ref('quiet')], { signal: AbortSignal.timeout(10_000) });
      } finally {
        await instance.close();
      }
    });
    const leak = printed.map(findValue).find((found) => found !== null);
    assert.equal(leak, undefined, `what it printed: ${leak}`);
  }),

  check('shows no value in the result of a probe', ['markers'], async (harness, instance) => {
    await harness.write('probed', { fields: { a: canary('a'), b: canary('b') } });
    const answer = await probe(instance, [harness.ref('probed'), harness.ref('probed', { field: 'x' })]);
    assert.equal(findValue([...answer]), null, findValue([...answer]) ?? '');
  }),
];
