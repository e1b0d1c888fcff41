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
