import { expect, it } from 'vitest';
import { waitFor } from './wait-for.ts';

it('resolves to the result of the condition once it is met', async () => {
  let checks = 0;
  const check = () => {
    checks += 1;
    if (checks === 1) throw new Error('not yet');
    return checks === 3 && 'there';
  };
  expect(await waitFor(check, { timeoutMs: 5_000, intervalMs: 1, what: 'it' })).toBe('there');
});

it('rejects after the timeout with what it waited for and the last state', async () => {
  const never = (see: (state: unknown) => void) => {
    see({ running: 2 });
    return false;
  };
  await expect(waitFor(never, { timeoutMs: 20, intervalMs: 5, what: 'three tasks' })).rejects.toThrow(
    'waited 0.02 s for three tasks; last seen: { running: 2 }',
  );
});
