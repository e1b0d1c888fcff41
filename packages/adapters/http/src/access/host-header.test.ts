import { expect, test } from 'vitest';
import { hostnameOf } from './host-header.ts';

test.each([
  ['localhost', 'localhost'],
  ['Manager-1:8080', 'manager-1'],
  ['plugin.example.', 'plugin.example'],
  ['plugin.example.:8080', 'plugin.example'],
  ['manager_1', 'manager_1'],
  ['10.0.0.7:1', '10.0.0.7'],
  ['[::1]', '::1'],
  ['[0:0:0:0:0:0:0:1]:8080', '::1'],
  ['[2001:DB8::07]', '2001:db8::7'],
])('the host %s is %s', (host, name) => {
  expect(hostnameOf(host)).toBe(name);
});

test.each([
  undefined,
  '',
  '.',
  ':8080',
  'localhost:',
  'localhost:123456',
  'localhost:8080@evil.example',
  'user@localhost',
  'localhost/x',
  'localhost#evil.example',
  'local%68ost',
  'localhost, evil.example',
  'localhost evil.example',
  '::1',
  '[::1',
  '[1]',
  '[fe80::1%25eth0]',
  '[::1]evil.example',
])('%j is no host', (host) => {
  expect(hostnameOf(host)).toBeNull();
});

test.each(['2130706433', '0x7f.1', '127.1', '0177.0.0.1'])(
  '%s, another notation of an address, is another name',
  (host) => {
    expect(hostnameOf(host)).toBe(host);
  },
);
