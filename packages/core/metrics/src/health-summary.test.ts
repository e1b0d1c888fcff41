import { expect, test } from 'vitest';
import { healthSummary } from './health-summary.ts';

/** The explanation for so many services, each with one running task, of which some have an old revision. */
function explanationOf(services: number, outdated = 0): string {
  return healthSummary({
    isHealthy: true,
    heartbeatAtMs: 0,
    isRotationEnabled: true,
    isLockedDown: false,
    problems: [],
    driver: 'vault-swarm',
    secrets: 1,
    services: Array.from({ length: services }, (_, index) => ({
      name: `service-${index}`,
      state: { code: 'current', message: '' },
      runningTasks: 1,
      outdatedTasks: index < outdated ? 1 : 0,
      taskRevisions: [],
    })),
  }).explanation;
}

test.each([
  [1, 'The task of 1 service'],
  [999, '999 tasks of 999 services'],
  [1_000, '1,000 tasks of 1,000 services'],
  [12_345, '12,345 tasks of 12,345 services'],
])('counts of %i are grouped by thousands', (services, counts) => {
  expect(explanationOf(services)).toContain(counts);
});

test('both counts of tasks with an old revision are grouped', () => {
  expect(explanationOf(2_500, 1_200)).toBe('1,200 tasks of 2,500 have an old revision.');
});
