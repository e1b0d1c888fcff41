import { expect, test } from 'vitest';
import { emptyWorld, rollingWorld, stoppedWorld, troubledWorld, wellWorld } from '../testing/scenarios.ts';
import { NOW_MS } from '../testing/world.ts';
import { healthOf } from './health.ts';

const healthIn = ({ overview }: ReturnType<typeof wellWorld>) => healthOf(overview, NOW_MS);

test('says that all is well only if every task holds the current revisions', () => {
  expect(healthIn(wellWorld())).toMatchObject({
    level: 'good',
    title: 'All is well',
    explanation: 'All 32 tasks of 8 services hold the current revision of every secret.',
  });
});

test('a rollout is no trouble, and says how far it is', () => {
  expect(healthIn(rollingWorld())).toMatchObject({
    level: 'busy',
    title: 'Rolling out to 2 services',
    explanation: '11 tasks of 32 still have an old revision.',
  });
});

test('problems with the same code are one group, with what they concern and what to do', () => {
  const world = wellWorld();
  const summary = 'A secret has no value to deliver';
  const code = 'SECRET_UNDELIVERABLE' as const;
  const problems = ['a: no field', 'b: not found: x'].map((detail) => ({
    code,
    summary,
    message: `${summary}: ${detail}`,
  }));
  const health = healthIn({ ...world, overview: { ...world.overview, problems } });
  expect(health).toMatchObject({ level: 'warn', title: '2 problems' });
  expect(health.problems).toEqual([
    {
      code,
      summary,
      details: ['a: no field', 'b: not found: x'],
      advice: expect.stringContaining('Check its labels'),
    },
  ]);
});

test('one problem is the title itself', () => {
  const world = wellWorld();
  const summary = 'Docker does not answer';
  const problems = [{ code: 'ORCHESTRATOR_UNAVAILABLE' as const, summary, message: `${summary}: timed out` }];
  expect(healthIn({ ...world, overview: { ...world.overview, problems } }).title).toBe('Docker does not answer');
});

test('a stopped ticker is more severe than any problem', () => {
  expect(healthIn(stoppedWorld())).toMatchObject({ level: 'bad', title: 'Rotation has stopped' });
  expect(healthIn(stoppedWorld()).explanation).toContain('The last reconcile pass ended 1 min ago.');
});

test('counts every problem', () => {
  expect(healthIn(troubledWorld())).toMatchObject({ level: 'warn', title: '4 problems' });
});

test('a Swarm without a secret is ready, neither well nor wrong', () => {
  expect(healthIn(emptyWorld())).toMatchObject({ level: 'idle', title: 'Ready for the first secret' });
});

test('reports if rotation is turned off', () => {
  const world = wellWorld();
  const health = healthIn({ ...world, overview: { ...world.overview, rotation_enabled: false } });
  expect(health.explanation).toContain('ENABLE_ROTATION');
});
