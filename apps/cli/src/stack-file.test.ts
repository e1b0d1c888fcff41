// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the variables of a stack file.
import { expect, test } from 'vitest';
import { Failure } from './failure.ts';
import { readStackFile } from './stack-file.ts';

const FILE = `
services:
  web:
    image: shop/web
    secrets: [db, {source: key, target: tls.key, mode: 0400}]
  worker:
    image: shop/worker
    secrets:
      - db
  idle: {image: shop/idle}
secrets:
  db:
    driver: vault-secrets-plugin
    labels: {vault_path: "\${AREA:-app}/db", vault_field: password, price: $$5}
  key:
    name: shop_tls_key
    driver: vault-secrets-plugin
    driver_opts: {vault_path: app/key}
    labels: [vault_path=app/key, encoding=base64]
  plain: {external: true}
  file: {file: ./x}
`;

test('reads the secrets with a driver as docker stack deploy creates them, and the services that use them', () => {
  expect(readStackFile(FILE, 'shop', {})).toEqual({
    stack: 'shop',
    secrets: [
      {
        ...{ name: 'shop_db', driver: 'vault-secrets-plugin', hasDriverOptions: false },
        ...{ services: ['shop_web', 'shop_worker'] },
        labels: { vault_path: 'app/db', vault_field: 'password', price: '$5' },
      },
      {
        ...{ name: 'shop_tls_key', driver: 'vault-secrets-plugin', hasDriverOptions: true, services: ['shop_web'] },
        labels: { vault_path: 'app/key', encoding: 'base64' },
      },
    ],
  });
});

test('takes variables from the environment, and the name of the stack from the file', () => {
  const { stack, secrets } = readStackFile(`name: other${FILE}`, undefined, { AREA: 'test' });
  expect([stack, secrets[0]?.name, secrets[0]?.labels.vault_path]).toEqual(['other', 'other_db', 'test/db']);
});

test.each([
  ['no name of the stack', FILE, 'what the stack is called'],
  ['a variable that must be set', 'name: x\nsecrets: {a: {driver: "${D:?give the driver}"}}', 'D: give the driver'],
  ['no YAML', 'name: [', 'no stack file'],
  ['a list', '- a', 'no stack file'],
])('refuses %s', (_, text, message) => {
  expect(() => readStackFile(text, undefined, {})).toThrow(Failure);
  expect(() => readStackFile(text, undefined, {})).toThrow(message);
});

test.each([
  ['$A', 'one'],
  ['${A}', 'one'],
  ['${A:-x}', 'one'],
  ['${E:-x}', 'x'],
  ['${E-x}', ''],
  ['${N-x}', 'x'],
  ['${A:+x}', 'x'],
  ['${E:+x}', ''],
  ['${N:+x}', ''],
  ['$${A}', '${A}'],
  ['$', '$'],
])('%s becomes %s', (given, expected) => {
  const text = JSON.stringify({ name: 's', secrets: { a: { driver: 'd', labels: { l: given } } } });
  expect(readStackFile(text, undefined, { A: 'one', E: '' }).secrets[0]?.labels.l).toBe(expected);
});
