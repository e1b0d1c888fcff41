import { expect, it } from 'vitest';
import { waitFor } from './wait-for.ts';

it('resolves to what the condition gives once it holds', async () => {
  let looks = 0;
  const look = () => {
    looks += 1;
    if (looks === 1) throw new Error('not yet');
    return looks === 3 && 'there';
  };
  expect(await waitFor(look, { timeoutMs: 5_000, intervalMs: 1, what: 'it' })).toBe('there');
});

it('says what was waited for and the state seen last when the time is over', async () => {
  const never = (see: (state: unknown) => void) => {
    see({ running: 2 });
    return false;
  };
  await expect(waitFor(never, { timeoutMs: 20, intervalMs: 5, what: 'three tasks' })).rejects.toThrow(
    'waited 0.02 s for three tasks; last seen: { running: 2 }',
  );
});
