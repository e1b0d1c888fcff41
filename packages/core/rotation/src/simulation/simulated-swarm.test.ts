import { describeWorkloadsContract } from '@vault-swarm/workloads-contract';
import { SimulatedClock } from './simulated-clock.ts';
import { SimulatedSwarm } from './simulated-swarm.ts';

describeWorkloadsContract('the simulated Swarm', async () => {
  const clock = new SimulatedClock();
  const swarm = new SimulatedSwarm(clock, () => undefined);
  const secrets = new Map<string, string>();
  const services = new Map<string, string>();
  const idOf = (service: string) => services.get(service) ?? '';
  return {
    workloads: swarm,
    changes: swarm,
    leadership: swarm,
    ledger: swarm,
    createSecret: async (name, labels) => {
      secrets.set(name, swarm.addSecret(name, labels));
    },
    createService: async (name, kind, replicas, used) => {
      const ids = used.map((secret) => secrets.get(secret) ?? '');
      services.set(name, swarm.addService(name, replicas, ids, kind));
    },
    forceUpdate: async (service) => swarm.forceUpdate(idOf(service)),
    removeService: async (service) => swarm.removeService(idOf(service)),
    until: async (condition) => {
      for (let steps = 0; !(await condition()); steps++) {
        if (steps > 100) throw new Error('the condition does not come to hold');
        swarm.step();
        await clock.advance(100);
      }
    },
    tearDown: async () => undefined,
  };
});
