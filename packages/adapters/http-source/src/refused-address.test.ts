import { expect, test } from 'vitest';
import { isRefusedAddress, isRefusedHost } from './refused-address.ts';

test.each([
  '169.254.169.254',
  '169.254.170.2',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::a9fe:a9fe%eth0',
  '::ffff:169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
])('%s is an address of a metadata service', (address) => {
  expect(isRefusedAddress(address)).toBe(true);
  expect(isRefusedHost(address)).toBe(true);
});

test.each(['127.0.0.1', '10.0.0.1', '192.168.1.1', '::1', 'fd00::1', '2001:db8::1'])('%s is none', (address) => {
  expect(isRefusedAddress(address)).toBe(false);
});

test('a metadata service is known by its name too, for a proxy that resolves it', () => {
  expect(isRefusedHost('Metadata.Google.Internal')).toBe(true);
  expect(isRefusedHost('[fd00:ec2::254]')).toBe(true);
  expect(isRefusedHost('secrets.example')).toBe(false);
});
