import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Clock } from '@vault-swarm/kernel';
import {
  createDriverSecret,
  createService,
  labImage,
  runningTasks,
  startSwarm,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { describeOrchestratorContract } from '@vault-swarm/workloads-contract';
import { createDockerConnection } from './connection.ts';
import { DockerLeadership } from './leadership.ts';
import { DockerLedgerStore, ledgerName } from './ledger-store.ts';
import { DockerOrchestrator } from './orchestrator.ts';
import { DockerChanges } from './swarm-events.ts';

const DRIVER = 'workloads-contract-driver';

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

describeOrchestratorContract('a real Swarm', async () => {
  const directory = tempDirectory();
  const engine = await startSwarm({ dir: directory.path });
  let delivers = true;
  const driver = createServer((request, response) => {
    const isActivation = request.url === '/Plugin.Activate';
    const answer = delivers ? '{"Value":"dmFsdWU=","DoNotReuse":true}' : '{"Err":"not now"}';
    response.end(isActivation ? '{"Implements":["secretprovider"]}' : answer);
  });
  await mkdir('/run/docker/plugins', { recursive: true });
  await new Promise<void>((resolve) => driver.listen(`/run/docker/plugins/${DRIVER}.sock`, resolve));
  const connection = createDockerConnection({ kind: 'unix', socketPath: engine.socketPath }, { clock });
  const update = async (service: string, ...flags: string[]) => {
    await engine.dockerBytes('service', 'update', '--quiet', '--detach', '--no-resolve-image', ...flags, service);
  };
  const isPaused = async (service: string) => {
    const { UpdateStatus } = (await engine.api('GET', `/services/${service}`)) as { UpdateStatus?: { State?: string } };
    return UpdateStatus?.State === 'paused';
  };
  return {
    workloads: new DockerOrchestrator(connection, DRIVER),
    changes: new DockerChanges(connection, { clock, random: { next: () => 0 }, events: { emit: () => undefined } }),
    leadership: new DockerLeadership(connection),
    ledger: new DockerLedgerStore(connection, { name: ledgerName(DRIVER), clock, keys: null }),
    createSecret: async (name, labels) => {
      await createDriverSecret(engine, { name, driver: DRIVER, labels });
    },
    createService: async (name, kind, replicas, secrets, restart) => {
      const create = ['service', 'create', '--quiet', '--detach', '--no-resolve-image', '--name', name];
      const used = secrets.flatMap((secret) => ['--secret', secret]);
      const mode = kind === 'job' ? 'replicated-job' : 'global';
      const limits =
        restart === undefined
          ? []
          : ['--restart-condition', restart.condition, '--restart-max-attempts', String(restart.maxAttempts)];
      if (kind === 'service') await createService(engine, { name, replicas, secrets, flags: limits });
      else await engine.dockerBytes(...create, '--mode', mode, ...used, labImage);
    },
    forceUpdate: (service) => update(service, '--force'),
    changeSpec: (service) => update(service, '--container-label-add', 'changed=yes'),
    startFirst: (service) => update(service, '--update-order', 'start-first', '--update-parallelism', '0'),
    failTasks: async (service) => {
      const tasks = await runningTasks(engine, service);
      await engine.dockerBytes('kill', ...tasks.map(({ containerId }) => containerId));
    },
    pauseUpdate: async (service) => {
      delivers = false;
      try {
        await update(service, '--force');
        await waitFor(() => isPaused(service), { timeoutMs: 60_000, what: `the pause of ${service}'s update` });
      } finally {
        delivers = true;
      }
    },
    removeService: async (service) => {
      await engine.dockerBytes('service', 'rm', service);
    },
    until: async (condition) => {
      await waitFor(condition, { timeoutMs: 60_000, what: 'the condition of the contract' });
    },
    tearDown: async () => {
      connection.close();
      driver.close();
      driver.closeAllConnections();
      await engine.stop();
      await directory.remove();
    },
  };
});
