import type { ManagerStatus } from '@vault-swarm/rotation';
import { expect, test } from 'vitest';
import { setUpExposition } from './testing/sources.ts';

const manager = (name: string, state: ManagerStatus['state']): ManagerStatus => ({
  ...{
    id: name,
    name,
    state,
    isLeader: false,
    isSelf: false,
    isUp: true,
    changedAtMs: null,
    isConfirmed: null,
    announcement: null,
  },
});

test('the managers are counted by the state of their plugin, also those of which there is none', async () => {
  const { sources, scrape } = setUpExposition();
  sources.managers = [manager('m1', 'running'), manager('m2', 'missing'), manager('m3', 'missing')];
  const { samples } = await scrape();
  const counted = (state: string) => samples[`vault_swarm_plugin_managers{state="${state}"}`];
  expect(['running', 'announced', 'stopped', 'unresponsive', 'missing', 'unreachable'].map(counted)).toEqual([
    1, 0, 0, 0, 2, 0,
  ]);
});
