import {
  createDockerConnection,
  DockerChanges,
  type DockerConnection,
  DockerLeadership,
  DockerLedgerStore,
  DockerManagers,
  DockerOrchestrator,
  type LedgerKeys,
  leaseLedgerName,
  ledgerKeyIds,
  ledgerName,
} from '@vault-swarm/docker';
import { ManagerWatch, Rotation } from '@vault-swarm/rotation';
import type { Container, ServiceIdentifier } from 'inversify';
import type { PluginConfiguration } from '../configuration.ts';
import { ServingLeadership } from '../serving-leadership.ts';
import { isManagedPlugin, ownContainer } from '../system/own-container.ts';
import { VERSION } from '../version.ts';
import { id } from './identifiers.ts';
import { provide } from './provide.ts';

/** The container's entries for the rotation. */
export const rotationId = {
  docker: Symbol('docker') as ServiceIdentifier<DockerConnection>,
  changes: Symbol('changes') as ServiceIdentifier<DockerChanges>,
  ledger: Symbol('ledger') as ServiceIdentifier<DockerLedgerStore>,
  leaseLedger: Symbol('leaseLedger') as ServiceIdentifier<DockerLedgerStore>,
  rotation: Symbol('rotation') as ServiceIdentifier<Rotation>,
  managers: Symbol('managers') as ServiceIdentifier<ManagerWatch>,
};

/** Adds Docker and the rotation. Imported after the socket listens, because Docker's library loads slowly. */
export function addRotation(container: Container): void {
  provide(
    container,
    rotationId.docker,
    { configuration: id.configuration, clock: id.clock },
    ({ configuration: { docker }, clock }) => createDockerConnection(docker, { clock }),
  );
  provide(
    container,
    rotationId.changes,
    { connection: rotationId.docker, clock: id.clock, random: id.random, events: id.events },
    ({ connection, clock, random, events }) => new DockerChanges(connection, { clock, random, events }),
  );
  provide(
    container,
    rotationId.ledger,
    { configuration: id.configuration, connection: rotationId.docker, clock: id.clock },
    ({
      configuration: {
        pluginName,
        rotation: { ledger },
      },
      connection,
      clock,
    }) => new DockerLedgerStore(connection, { name: ledgerName(pluginName), clock, keys: ledgerKeys(ledger) }),
  );
  provide(
    container,
    rotationId.leaseLedger,
    { configuration: id.configuration, connection: rotationId.docker, clock: id.clock },
    ({
      configuration: {
        pluginName,
        rotation: { ledger },
      },
      connection,
      clock,
    }) =>
      new DockerLedgerStore(connection, {
        ...{ name: leaseLedgerName(pluginName), clock, keys: ledgerKeys(ledger) },
        encrypts: true,
        data: LEASES_DATA,
        whenRemoved: LEASES_REMOVED,
      }),
  );
  provide(
    container,
    rotationId.managers,
    {
      configuration: id.configuration,
      connection: rotationId.docker,
      clock: id.clock,
      events: id.events,
      driver: id.driver,
    },
    ({
      configuration: {
        pluginName,
        rotation: { ledger },
      },
      connection,
      clock,
      events,
      driver,
    }) =>
      new ManagerWatch({
        managers: new DockerManagers(connection, {
          pluginName,
          containerId: ownContainer(),
          isManaged: isManagedPlugin(),
        }),
        clock,
        events,
        version: VERSION,
        ledgerKeys: ledgerKeyIds(ledgerKeys(ledger)),
        isServing: () => driver.serves,
      }),
  );
  provide(
    container,
    rotationId.rotation,
    {
      configuration: id.configuration,
      connection: rotationId.docker,
      changes: rotationId.changes,
      ledger: rotationId.ledger,
      leaseLedger: rotationId.leaseLedger,
      labels: id.labels,
      access: id.access,
      providers: id.providers,
      values: id.delivery,
      digest: id.digest,
      clock: id.clock,
      random: id.random,
      events: id.events,
      driver: id.driver,
    },
    ({
      configuration,
      connection,
      changes,
      ledger,
      leaseLedger,
      labels,
      access,
      providers,
      values,
      digest,
      clock,
      random,
      events,
      driver,
    }) => {
      const { pluginName, rotation } = configuration;
      return new Rotation(
        {
          enabled: rotation.enabled,
          disabledAdvice: 'start the plugin with ENABLE_ROTATION=true',
          intervalMs: rotation.intervalMs,
          policy: {
            maxParallel: rotation.maxParallel,
            maxParallelLimit: rotation.maxParallelLimit,
            stuckAfterMs: rotation.stuckAfterMs,
            onFailure: rotation.onFailure,
          },
          startTimes: rotation.startTimes,
          leases: rotation.leases,
          digestKey: rotation.ledger.key?.read() ?? null,
          formerDigestKey: rotation.ledger.previousKey?.read() ?? null,
          // The adapters pass the workloads contract on real Swarms. A suspicion would only alarm an operator.
          checksWiring: false,
        },
        {
          orchestrator: new DockerOrchestrator(connection, pluginName),
          changes,
          leadership: new ServingLeadership(new DockerLeadership(connection), () => driver.serves),
          ledger,
          leaseLedger,
          labels,
          access,
          providers: configuration.providers.map(({ name }) => name),
          findProvider: providers.find,
          values,
          digest,
          clock,
          random,
          events,
        },
      );
    },
  );
}

const LEASES_DATA =
  'The leases of the Vault Swarm plugin: its labels say which credentials it renews and revokes.\n' +
  'It has no credentials. If you remove it, each service with leases is updated to new credentials, and nobody revokes the old ones.\n';
const LEASES_REMOVED = 'each service with leases is then updated to new credentials, and nothing revokes the old ones';

function ledgerKeys({
  key,
  previousKey,
  acceptUnsigned,
}: PluginConfiguration['rotation']['ledger']): LedgerKeys | null {
  if (key === undefined) return null;
  return { key: key.read(), previousKey: previousKey?.read() ?? null, acceptUnsigned };
}
