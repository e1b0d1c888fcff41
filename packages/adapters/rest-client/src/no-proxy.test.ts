import { expect, test } from 'vitest';
import { isDirect } from './no-proxy.ts';

test.for<[string, string, boolean]>([
  ['https://vault.example', 'vault.example', true],
  ['https://vault.example', 'EXAMPLE', true],
  ['https://vault.example', '.example', true],
  ['https://vault.example', '*.example', true],
  ['https://vault.example', 'ault.example', false],
  ['https://vault.example', 'vault.example:443', true],
  ['https://vault.example:8200', 'vault.example:443', false],
  ['http://vault.example', 'vault.example:80', true],
  ['https://10.1.2.3', '10.0.0.0/8', true],
  ['https://11.1.2.3', '10.0.0.0/8', false],
  ['https://vault.example', '10.0.0.0/8', false],
  ['https://10.1.2.3', '10.0.0.0/88', false],
  ['https://10.1.2.3', 'nonsense/8', false],
  ['https://[fd00::1]', 'fd00::/8', true],
  ['https://[fd00::1]', '[fd00::1]:443', true],
  ['https://[fd00::1]', 'fd00::1', true],
  ['https://vault.example', '*', true],
])('%s with the exception %s is asked straight: %s', ([address, entry, expected]) => {
  expect(isDirect(new URL(address), [entry])).toBe(expected);
});
