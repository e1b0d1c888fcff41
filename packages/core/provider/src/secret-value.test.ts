import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { SecretValue } from './secret-value.ts';

test('is redacted wherever it is printed, and revealed by name', () => {
  const value = SecretValue.fromText('canary');
  const printed = [
    String(value),
    `${value}`,
    JSON.stringify({ value }),
    inspect({ value }, { showHidden: true, depth: 9 }),
  ];
  for (const text of printed) {
    expect(text).toContain('[redacted]');
    expect(text).not.toContain('canary');
    expect(text).not.toContain('99');
  }
  expect(new TextDecoder().decode(value.reveal())).toBe('canary');
});

test('is zeros once it is wiped, and says so instead of giving them; a copy stays whole', () => {
  const bytes = new TextEncoder().encode('canary');
  const value = new SecretValue(bytes);
  const copy = value.copy();
  value.wipe();
  expect([...bytes]).toEqual([0, 0, 0, 0, 0, 0]);
  expect(() => value.reveal()).toThrow('the value was wiped');
  expect(() => value.copy()).toThrow('the value was wiped');
  expect(value.byteLength).toBe(6);
  expect(new TextDecoder().decode(copy.reveal())).toBe('canary');
});
