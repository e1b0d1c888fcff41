import { withoutTag } from '@vault-swarm/docker/config';
import { distance } from '@vault-swarm/kernel';
import { expect, test } from 'vitest';
import { resembles } from './plugin-name.ts';

test.each([
  ['vault-secrets-plugin', 'vault-secrets-plugin'],
  ['vault-secrets-plugin:latest', 'vault-secrets-plugin'],
  ['registry:5000/org/plugin', 'registry:5000/org/plugin'],
  ['registry:5000/org/plugin:1.2', 'registry:5000/org/plugin'],
])('%s without its tag is %s', (name, bare) => {
  expect(withoutTag(name)).toBe(bare);
});

test.each([
  'vault-secret-plugin',
  'vault_secrets_plugin',
  'Vault-Secrets-Plugin:latest',
  'org/vault-secrets-plugin:1.0',
  'vault-secrest-plugin',
])('%s resembles vault-secrets-plugin', (other) => {
  expect(resembles(other, 'vault-secrets-plugin')).toBe(true);
});

test.each([
  'vault-secrets-plugin',
  'vault-secrets-plugin:v2',
  'azure-key-vault',
  'infisical',
  'swarm-external-secrets',
])('%s is the same as vault-secrets-plugin, or another plugin', (other) => {
  expect(resembles(other, 'vault-secrets-plugin')).toBe(false);
});

test.each([
  ['', 'abc', 3],
  ['vault_path', 'valut_path', 1],
  ['vault_path', 'vault_paht', 1],
  ['vault_path', 'vault_pat', 1],
  ['rotate', 'rotation', 3],
])('from %j to %j it is %i letters', (a, b, letters) => {
  expect(distance(a, b)).toBe(letters);
  expect(distance(b, a)).toBe(letters);
});

test('what is much longer is not compared letter by letter', () => {
  // Letter by letter these would take twenty million steps, and as many numbers.
  expect(distance('a'.repeat(1_000_000), 'vault_path')).toBe(999_990);
  expect(distance('vault_pth', 'vault_path')).toBe(1);
});
