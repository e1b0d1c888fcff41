import assert from 'node:assert/strict';
import { read, readText } from '../calls.ts';
import { canary } from '../canary.ts';
import { type ContractCheck, check } from '../contract-check.ts';

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, index) => index);

/** Values are delivered byte for byte as they were stored. */
export const exactValueChecks: readonly ContractCheck[] = [
  check('delivers a value of one byte', [], async (harness, instance) => {
    await harness.write('one', { text: 'x' });
    assert.equal(await readText(instance, harness.ref('one')), 'x');
  }),

  check('delivers the largest value whole', [], async (harness, instance) => {
    const text = canary('large ').padEnd(harness.largestValueBytes, 'abcdefghij');
    await harness.write('large', { text });
    const { value } = await read(instance, harness.ref('large'));
    assert.equal(value.byteLength, harness.largestValueBytes);
    assert(Buffer.from(value.reveal()).equals(Buffer.from(text)), 'the bytes differ from those written');
  }),

  check('delivers text as UTF-8, neither trimmed nor normalised', [], async (harness, instance) => {
    const text = `\ufeff \t${canary('text')} e\u0301 \u00e9 \u4e16\u754c \u{1f419} "quoted" \\n \r\n\n`;
    await harness.write('text', { text });
    const { value } = await read(instance, harness.ref('text'));
    assert.deepEqual(Buffer.from(value.reveal()), Buffer.from(text));
  }),

  check('delivers text that looks like a number unchanged', [], async (harness, instance) => {
    await harness.write('number', { text: '007.10' });
    assert.equal(await readText(instance, harness.ref('number')), '007.10');
  }),

  check('delivers bytes that are not text unchanged', ['bytes'], async (harness, instance) => {
    const bytes = Buffer.concat([EVERY_BYTE, EVERY_BYTE.toReversed()]);
    await harness.bytes.write('binary', bytes);
    const { value } = await read(instance, harness.ref('binary'));
    assert.deepEqual(Buffer.from(value.reveal()), bytes);
  }),

  check('decodes base64 if the ref says so', [], async (harness, instance) => {
    await harness.write('encoded', { text: Buffer.from(EVERY_BYTE).toString('base64') });
    const { value } = await read(instance, harness.ref('encoded', { encoding: 'base64' }));
    assert.deepEqual(Buffer.from(value.reveal()), Buffer.from(EVERY_BYTE));
  }),
];
