import { type ManagerStatus, managerStates } from '@vault-swarm/rotation';
import { Gauge, type Registry } from 'prom-client';
import { PREFIX, Readings } from './readings.ts';

/** The managers by the state of their plugin, never by name. */
export function managerMetrics(registry: Registry): Readings<readonly ManagerStatus[]> {
  const readings = new Readings<readonly ManagerStatus[]>(registry);
  const gauge = new Gauge({
    name: `${PREFIX}managers`,
    help: 'Managers of the Swarm by the state of their plugin, as this plugin sees them',
    labelNames: ['state'],
    registers: [registry],
  });
  readings.other((managers) => {
    for (const state of managerStates)
      gauge.set({ state }, managers.filter((manager) => manager.state === state).length);
  });
  return readings;
}
