import assert from 'node:assert/strict';
import { DEFAULT_FIELDS, isLosslessJsonObject, type LosslessJson, parseLosslessJson } from '@vault-swarm/provider';
import { failedRead, read, readText } from '../calls.ts';
import { CANARY_NUMBER, canary, exactNumber } from '../canary.ts';
import { type ContractCheck, check } from '../contract-check.ts';

/** All providers choose and format fields in the same way. */
export const fieldChecks: readonly ContractCheck[] = [
  check('delivers the characters of a field', [], async (harness, instance) => {
    const text = ` ${canary('field')} \u{1f419} "quoted" \\ \n`;
    await harness.write('fields', { fields: { password: text, other: canary('other') } });
    assert.equal(await readText(instance, harness.ref('fields', { field: 'password' })), text);
  }),

  check('delivers an empty field as zero bytes', [], async (harness, instance) => {
    await harness.write('empty', { fields: { password: '', other: canary('other') } });
    assert.equal((await read(instance, harness.ref('empty', { field: 'password' }))).value.byteLength, 0);
    // The first default field is chosen, even if it is empty.
    assert.equal((await read(instance, harness.ref('empty'))).value.byteLength, 0);
  }),

  check('delivers short numbers and booleans as their characters', [], async (harness, instance) => {
    await harness.write('scalars', { fields: { port: exactNumber('5432'), yes: true, no: false } });
    assert.equal(await readText(instance, harness.ref('scalars', { field: 'port' })), '5432');
    assert.equal(await readText(instance, harness.ref('scalars', { field: 'yes' })), 'true');
    assert.equal(await readText(instance, harness.ref('scalars', { field: 'no' })), 'false');
  }),

  check('delivers numbers with every digit that was written', ['exactNumbers'], async (harness, instance) => {
    for (const [index, digits] of [CANARY_NUMBER, '0.10', '-1.0', '1e300', '12345678901234567.89'].entries()) {
      await harness.write(`number-${index}`, { fields: { value: exactNumber(digits) } });
      assert.equal(await readText(instance, harness.ref(`number-${index}`)), digits);
    }
  }),

  check('reaches nested fields by dots and by a JSON pointer', [], async (harness, instance) => {
    const fields = { db: { users: [{ password: canary('nested') }], 'a/b~c': canary('pointer') } };
    await harness.write('nested', { fields });
    const by = (field: string) => readText(instance, harness.ref('nested', { field }));
    assert.equal(await by('db.users.0.password'), canary('nested'));
    assert.equal(await by('/db/users/0/password'), canary('nested'));
    assert.equal(await by('/db/a~1b~0c'), canary('pointer'));
  }),

  check('delivers a field that is an object as JSON', [], async (harness, instance) => {
    await harness.write('object', { fields: { db: { user: canary('user'), ports: [true, 'x'] } } });
    const text = await readText(instance, harness.ref('object', { field: 'db' }));
    assert.deepEqual(JSON.parse(text), { user: canary('user'), ports: [true, 'x'] });
  }),

  check('prefers a field whose name has dots in it to a nested one', [], async (harness, instance) => {
    await harness.write('dotted', { fields: { 'tls.crt': canary('literal'), tls: { crt: canary('nested') } } });
    assert.equal(await readText(instance, harness.ref('dotted', { field: 'tls.crt' })), canary('literal'));
    assert.equal(await readText(instance, harness.ref('dotted', { field: '/tls.crt' })), canary('literal'));
    assert.equal(await readText(instance, harness.ref('dotted', { field: '/tls/crt' })), canary('nested'));
  }),

  check('chooses the only field if the ref names none', [], async (harness, instance) => {
    await harness.write('single', { fields: { anything: canary('only') } });
    assert.equal(await readText(instance, harness.ref('single')), canary('only'));
  }),

  check('chooses the first default field if the ref names none', [], async (harness, instance) => {
    for (const [index, expected] of DEFAULT_FIELDS.entries()) {
      const names = ['another', ...DEFAULT_FIELDS.slice(index).toReversed()];
      const fields = Object.fromEntries(names.map((name) => [name, canary(name)]));
      await harness.write(`default-${index}`, { fields });
      assert.equal(await readText(instance, harness.ref(`default-${index}`)), canary(expected));
    }
  }),

  check('lists the names of the fields if it can not choose one', [], async (harness, instance) => {
    await harness.write('ambiguous', { fields: { apple: canary('apple'), pear: canary('pear') } });
    const error = await failedRead(instance, harness.ref('ambiguous'), 'INVALID_PAYLOAD');
    assert.match(error.message, /apple/);
    assert.match(error.message, /pear/);
  }),

  check('fails with NOT_FOUND for a missing field, and lists the existing names', [], async (harness, instance) => {
    await harness.write('fields', { fields: { apple: canary('apple'), pear: canary('pear') } });
    const error = await failedRead(instance, harness.ref('fields', { field: 'plum' }), 'NOT_FOUND');
    assert.match(error.message, /apple/);
    assert.match(error.message, /pear/);
  }),

  check('rejects a field that is null', [], async (harness, instance) => {
    await harness.write('nothing', { fields: { password: null, other: canary('other') } });
    await failedRead(instance, harness.ref('nothing'), 'INVALID_PAYLOAD');
    await failedRead(instance, harness.ref('nothing', { field: 'password' }), 'INVALID_PAYLOAD');
  }),

  check('rejects a field of a value that is not JSON', [], async (harness, instance) => {
    await harness.write('broken', { text: `{"password": "${canary('broken')}"` });
    // A provider that stores text in a field has fields, but not this one.
    await failedRead(instance, harness.ref('broken', { field: 'password' }), 'INVALID_PAYLOAD', 'NOT_FOUND');
  }),

  check('rejects a value that is not base64 if the ref says so', [], async (harness, instance) => {
    await harness.write('plain', { text: `${canary('plain')} *` });
    await failedRead(instance, harness.ref('plain', { encoding: 'base64' }), 'INVALID_PAYLOAD');
  }),

  check('delivers the whole secret as JSON with encoding json', [], async (harness, instance) => {
    const fields = { user: canary('user'), active: true, nothing: null, db: { ports: [canary('port')] } };
    await harness.write('whole', { fields });
    const text = await readText(instance, harness.ref('whole', { encoding: 'json' }));
    assert.deepEqual(JSON.parse(text), fields);
  }),

  check('keeps every digit in the whole secret', ['exactNumbers'], async (harness, instance) => {
    await harness.write('digits', { fields: { id: exactNumber(CANARY_NUMBER), list: [exactNumber('1.0')] } });
    const whole = parseLosslessJson(await readText(instance, harness.ref('digits', { encoding: 'json' })));
    assert(isLosslessJsonObject(whole), 'the whole secret is no JSON object');
    assert.equal(digits(whole.id), CANARY_NUMBER);
    assert.equal(Array.isArray(whole.list) ? digits(whole.list[0]) : undefined, '1.0');
  }),
];

function digits(value: LosslessJson | undefined): unknown {
  return typeof value === 'object' && value !== null && 'rawJSON' in value ? value.rawJSON : undefined;
}
