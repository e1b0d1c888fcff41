import { Delivery, InFlightRequests } from '@vault-swarm/delivery';
import { displayName } from '@vault-swarm/docker/config';
import { EventBus, IsolatedTimers } from '@vault-swarm/kernel';
import { Readiness } from '@vault-swarm/metrics';
import { AccessGuard, LabelReader } from '@vault-swarm/provider';
import { createDriverServer } from '@vault-swarm/swarm-driver';
import { Container } from 'inversify';
import type { PluginConfiguration } from '../configuration.ts';
import { LazyDecryptor } from '../decryption.ts';
import { LateRotation } from '../late-rotation.ts';
import type { PluginEvent } from '../plugin-events.ts';
import { ProviderRegistry } from '../provider-registry.ts';
import { systemClock } from '../system/clock.ts';
import { systemDigest } from '../system/digest.ts';
import { processNamespace } from '../system/process-namespace.ts';
import { systemRandom } from '../system/random.ts';
import { id } from './identifiers.ts';
import { provide } from './provide.ts';

/**
 * Contains what is needed to answer GetSecret, and nothing that loads slowly: the providers' libraries are loaded
 * after the socket listens.
 */
export function createDeliveryContainer(configuration: PluginConfiguration): Container {
  const container = new Container({ defaultScope: 'Singleton' });
  container.bind(id.configuration).toConstantValue(configuration);
  provide(container, id.clock, { events: id.events }, ({ events }) => new IsolatedTimers(systemClock, events));
  container.bind(id.random).toConstantValue(systemRandom);
  container.bind(id.digest).toConstantValue(systemDigest);
  container.bind(id.events).toConstantValue(new EventBus<PluginEvent>(systemClock));
  provide(
    container,
    id.labels,
    { configuration: id.configuration },
    ({ configuration: { schemes, kinds, decryption } }) => new LabelReader(schemes, kinds, decryption.problem),
  );
  provide(
    container,
    id.decryptor,
    { configuration: id.configuration, clock: id.clock, events: id.events },
    ({ configuration: { decryption }, clock, events }) => new LazyDecryptor(decryption, { clock, events }),
  );
  provide(
    container,
    id.access,
    { configuration: id.configuration },
    ({ configuration: { access } }) => new AccessGuard(access.policy),
  );
  provide(container, id.readiness, { clock: id.clock }, ({ clock }) => new Readiness(clock, displayName));
  provide(container, id.lateRotation, { clock: id.clock }, ({ clock }) => new LateRotation(clock));
  provide(
    container,
    id.providers,
    { configuration: id.configuration, clock: id.clock, random: id.random, digest: id.digest, events: id.events },
    ({ configuration: { providers, rotation, ownFiles }, clock, random, digest, events }) => {
      // Without an operator's key, digests used as revisions are valid in this process only.
      const key = rotation.ledger.key?.read() ?? digest.generateKey();
      return new ProviderRegistry(providers, {
        clock,
        random,
        digest: (bytes) => digest.digest(key, bytes),
        events,
        ownFiles,
      });
    },
  );
  provide(
    container,
    id.delivery,
    {
      labels: id.labels,
      access: id.access,
      providers: id.providers,
      decryptor: id.decryptor,
      clock: id.clock,
      events: id.events,
      rotation: id.lateRotation,
      configuration: id.configuration,
    },
    ({ labels, access, providers, decryptor, clock, events, rotation, configuration: { delivery } }) =>
      new Delivery({
        labels,
        access,
        findProvider: providers.find,
        findDecryptor: decryptor.find,
        clock,
        events,
        record: rotation.record,
        choice: rotation,
        leased: rotation,
        limits: delivery,
      }),
  );
  provide(
    container,
    id.answers,
    { delivery: id.delivery, clock: id.clock },
    ({ delivery, clock }) => new InFlightRequests(delivery, clock),
  );
  provide(
    container,
    id.driver,
    {
      configuration: id.configuration,
      source: id.answers,
      events: id.events,
      clock: id.clock,
      readiness: id.readiness,
    },
    ({ configuration: { socketPath, socketTakeover }, source, events, clock, readiness }) =>
      createDriverServer({
        socketPath,
        source,
        events,
        clock,
        processNamespace: processNamespace(),
        ...(socketTakeover ? { takeOverWhen: () => readiness.canTakeOver } : {}),
      }),
  );
  return container;
}
