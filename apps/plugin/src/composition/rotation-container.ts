import {
  createDockerConnection,
  DockerChanges,
  type DockerConnection,
  DockerLeadership,
  DockerLedgerStore,
  DockerOrchestrator,
  type LedgerKeys,
  leaseLedgerName,
  ledgerName,
} from '@vault-swarm/docker';
import { Rotation } from '@vault-swarm/rotation';
import type { Container, ServiceIdentifier } from 'inversify';
import type { PluginConfiguration } from '../configuration.ts';
import { ServingLeadership } from '../serving-leadership.ts';
import { id } from './identifiers.ts';

/** The container's entries for the rotation. */
export const rotationId = {
  docker: Symbol('docker') as ServiceIdentifier<DockerConnection>,
  changes: Symbol('changes') as ServiceIdentifier<DockerChanges>,
  ledger: Symbol('ledger') as ServiceIdentifier<DockerLedgerStore>,
  leaseLedger: Symbol('leaseLedger') as ServiceIdentifier<DockerLedgerStore>,
  rotation: Symbol('rotation') as ServiceIdentifier<Rotation>,
};

/** Adds Docker and the rotation. Imported after the socket listens, because Docker's library loads slowly. */
export function addRotation(container: Container): void {
  container
    .bind(rotationId.docker)
    .toResolvedValue(({ docker }, clock) => createDockerConnection(docker, { clock }), [id.configuration, id.clock]);
  container
    .bind(rotationId.changes)
    .toResolvedValue(
      (connection, clock, random, events) => new DockerChanges(connection, { clock, random, events }),
      [rotationId.docker, id.clock, id.random, id.events],
    );
  container
    .bind(rotationId.ledger)
    .toResolvedValue(
      ({ pluginName, rotation: { ledger } }, connection, clock) =>
        new DockerLedgerStore(connection, { name: ledgerName(pluginName), clock, keys: ledgerKeys(ledger) }),
      [id.configuration, rotationId.docker, id.clock],
    );
  container
    .bind(rotationId.leaseLedger)
    .toResolvedValue(
      ({ pluginName, rotation: { ledger } }, connection, clock) =>
        new DockerLedgerStore(connection, { name: leaseLedgerName(pluginName), clock, keys: ledgerKeys(ledger) }),
      [id.configuration, rotationId.docker, id.clock],
    );
  container.bind(rotationId.rotation).toResolvedValue(
    (
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
    ) => {
      const { pluginName, rotation } = configuration;
      return new Rotation(
        {
          enabled: rotation.enabled,
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
    [
      id.configuration,
      rotationId.docker,
      rotationId.changes,
      rotationId.ledger,
      rotationId.leaseLedger,
      id.labels,
      id.access,
      id.providers,
      id.delivery,
      id.digest,
      id.clock,
      id.random,
      id.events,
      id.driver,
    ],
  );
}

function ledgerKeys({
  key,
  previousKey,
  acceptUnsigned,
}: PluginConfiguration['rotation']['ledger']): LedgerKeys | null {
  if (key === undefined) return null;
  return { key: key.read(), previousKey: previousKey?.read() ?? null, acceptUnsigned };
}
