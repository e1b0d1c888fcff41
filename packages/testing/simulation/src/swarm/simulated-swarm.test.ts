import { describeOrchestratorContract } from '@vault-swarm/workloads-contract';
import { SimulatedClock } from '../simulated-clock.ts';
import { SimulatedSwarm } from './simulated-swarm.ts';

describeOrchestratorContract('the simulated Swarm', async () => {
  const clock = new SimulatedClock();
  let delivers = true;
  const swarm = new SimulatedSwarm(clock, {
    ask: async () => (delivers ? { text: 'value', revision: 'v1' } : null),
    fails: () => false,
  });
  const secrets = new Map<string, string>();
  const services = new Map<string, string>();
  const idOf = (service: string) => services.get(service) ?? '';
  const until = async (condition: () => Promise<boolean>) => {
    for (let steps = 0; !(await condition()); steps++) {
      if (steps > 600) throw new Error('the condition does not come to hold');
      await clock.advance(100);
    }
  };
  return {
    workloads: swarm,
    changes: swarm,
    leadership: swarm,
    ledger: swarm,
    createSecret: async (name, labels) => {
      secrets.set(name, swarm.addSecret(name, labels));
    },
    createService: async (name, kind, replicas, used, restart) => {
      const ids = used.map((secret) => secrets.get(secret) ?? '');
      const isGlobal = kind === 'global';
      const options = {
        kind: isGlobal ? 'service' : kind,
        isGlobal,
        ...(restart === undefined ? {} : { restart }),
      } as const;
      services.set(name, swarm.addService(name, replicas, ids, options));
    },
    forceUpdate: async (service) => swarm.forceUpdate(idOf(service)),
    removeService: async (service) => swarm.removeService(idOf(service)),
    changeSpec: async (service) => swarm.changeSpec(idOf(service)),
    startFirst: async (service) => swarm.post(idOf(service), { update: { order: 'start-first', parallelism: 0 } }),
    failTasks: async (service) => {
      for (const _ of swarm.runningTasks(idOf(service))) swarm.loseTask(idOf(service), true);
    },
    pauseUpdate: async (service) => {
      delivers = false;
      swarm.forceUpdate(idOf(service));
      await until(async () => {
        const { services: all } = await swarm.observe({ signal: new AbortController().signal });
        return all.find(({ name }) => name === service)?.rollout.state === 'paused';
      });
      delivers = true;
    },
    until,
    tearDown: async () => undefined,
  };
});
