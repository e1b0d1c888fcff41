import { twoServices, type World } from '@vault-swarm/simulation';
import { describe, expect, test } from 'vitest';

/** Whether Swarm gave the service's update up. */
function isPaused(world: World, serviceId: string): boolean {
  return world.swarm.services.some(({ id, status }) => id === serviceId && status.state === 'paused');
}

describe('when the tasks of a rollout could not start', () => {
  async function pausedRollout() {
    const { world, web } = await twoServices();
    world.provider.write('cert', 'cert 2');
    world.refuses = true;
    await world.until(() => isPaused(world, web));
    world.refuses = false;
    await world.run(1_500);
    expect(world.rotation.status().services.find(({ name }) => name === 'web')?.waitingReason?.code).toBe(
      'BACKOFF_START_FAILED',
    );
    return { world, web };
  }

  test('goes on with it after a while', async () => {
    const { world, web } = await pausedRollout();
    await world.run(40_000);
    expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
    expect(world.swarm.updates).toEqual(['web@1', 'web@1']);
    expect([world.count('rollout.failed'), world.count('rollout.completed')]).toEqual([1, 1]);
  });

  test('asks again if Swarm took the update and did not go on with it', async () => {
    const { world, web } = await pausedRollout();
    for (let step = 0; step < 100 && world.swarm.updates.length < 2; step++) await world.run(250);
    world.swarm.forgetUpdate(web);
    await world.run(60_000);
    expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
  });

  test("asks again if Swarm did not go on with its user's resume", async () => {
    const { world, web } = await pausedRollout();
    world.swarm.relabel(web);
    world.swarm.forgetUpdate(web);
    await world.run(60_000);
    expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
  });

  test('starts it again if Swarm has rolled it back', async () => {
    const { world, web } = await pausedRollout();
    world.swarm.markFailed(web, 'rollback');
    await world.run(60_000);
    expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
    expect(world.swarm.updates).toEqual(['web@1', 'web@2']);
    expect(world.swarm.ledgerText).toContain(`"services":{"${web}":{"spentGeneration":2}}`);
  });

  test("resumes the user's own generation if that came in between", async () => {
    const { world, web } = await pausedRollout();
    world.refuses = true;
    world.swarm.forceUpdate(web);
    await world.until(() => isPaused(world, web));
    world.refuses = false;
    await world.run(60_000);
    expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
    expect(world.swarm.updates).toEqual(['web@1', 'web@2', 'web@2']);
  });

  test('does so too if a node went away', async () => {
    const { world, web } = await twoServices();
    world.provider.write('cert', 'cert 2');
    await world.until(() => world.held(web, 'cert').includes('v2'));
    world.swarm.loseTask(web, false);
    await world.run(60_000);
    expect(world.held(web, 'cert')).toEqual(['v2', 'v2', 'v2']);
  });
});
