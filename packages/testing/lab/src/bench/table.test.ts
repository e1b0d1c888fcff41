import { expect, it } from 'vitest';
import { count, ms } from './figure.ts';
import { type CaseResult, compare, table } from './table.ts';

const storm = (outcomes: CaseResult['outcomes']): CaseResult => ({
  name: 'storm',
  heading: '10 calls',
  latencyMs: 10,
  outcomes,
});

it('shows the figures in readable units, with their targets', () => {
  const figures = [ms('one by one', 4321, 4000), ms('p50', 0.4567), count('requests to Vault', 104, 110)];
  expect(table(storm({ plugin: { kind: 'measured', figures } }))).toBe(
    `storm, Vault +10 ms: 10 calls
                                                  at most     plugin
  one by one                                       4.00 s     4.32 s
  p50                                                        0.46 ms
  requests to Vault                                   110        104`,
  );
});

it("shows a peer's figures and the ratio after the plugin's", () => {
  const result = storm({
    plugin: { kind: 'measured', figures: [ms('one by one', 3000), count('logins', 1)] },
    peer: {
      kind: 'measured',
      figures: [{ ...ms('one by one', 60_000), atLeast: true }, count('logins', 0), count('of its own', 5)],
    },
  });
  expect(table(result)).toBe(
    `storm, Vault +10 ms: 10 calls
                                                  at most     plugin       peer      ratio
  one by one                                                  3.00 s  > 60.00 s       0.05
  logins                                                           1          0
  of its own                                                                  5`,
  );
  expect(compare(result)[0]).toEqual({
    name: 'one by one',
    unit: 'ms',
    toReach: null,
    plugin: 3000,
    peer: 60_000,
    ratio: 0.05,
  });
});

it('shows the figures of the previous version in the same columns', () => {
  const measured = (value: number) => ({ kind: 'measured' as const, figures: [ms('p50', value)] });
  expect(table(storm({ plugin: measured(2), base: measured(4) }))).toBe(
    `storm, Vault +10 ms: 10 calls
                                                  at most     plugin       base      ratio
  p50                                                        2.00 ms    4.00 ms       0.50`,
  );
});

it('shows the reason for missing figures, and no latency if there is none', () => {
  const failed = { ...storm({ plugin: { kind: 'failed', message: 'a wrong value' } }), latencyMs: null };
  expect(table(failed)).toBe('storm: 10 calls\n  plugin failed: a wrong value');
});
