import { Delivery } from '@vault-swarm/delivery';
import { EventBus, IsolatedTimers } from '@vault-swarm/kernel';
import { AccessGuard, LabelReader } from '@vault-swarm/provider';
import { createDriverServer } from '@vault-swarm/swarm-driver';
import { Container } from 'inversify';
import type { PluginConfiguration } from '../configuration.ts';
import { LazyDecryptor } from '../decryption.ts';
import { DeliveryRecordRelay } from '../delivery-record-relay.ts';
import { InFlightRequests } from '../in-flight-requests.ts';
import { LeasedValuesRelay } from '../leased-values-relay.ts';
import type { PluginEvent } from '../plugin-events.ts';
import { ProviderRegistry } from '../provider-registry.ts';
import { Readiness } from '../readiness.ts';
import { RevisionSelectorRelay } from '../revision-selector-relay.ts';
import { systemClock } from '../system/clock.ts';
import { systemDigest } from '../system/digest.ts';
import { processNamespace } from '../system/process-namespace.ts';
import { systemRandom } from '../system/random.ts';
import { id } from './identifiers.ts';

/**
 * Contains what is needed to answer GetSecret, and nothing that loads slowly: the providers' libraries are loaded
 * after the socket listens.
 */
export function createDeliveryContainer(configuration: PluginConfiguration): Container {
  const container = new Container({ defaultScope: 'Singleton' });
  container.bind(id.configuration).toConstantValue(configuration);
  container.bind(id.clock).toResolvedValue((events) => new IsolatedTimers(systemClock, events), [id.events]);
  container.bind(id.random).toConstantValue(systemRandom);
  container.bind(id.digest).toConstantValue(systemDigest);
  container.bind(id.events).toConstantValue(new EventBus<PluginEvent>(systemClock));
  container
    .bind(id.labels)
    .toResolvedValue(
      ({ schemes, kinds, decryption }) => new LabelReader(schemes, kinds, decryption.problem),
      [id.configuration],
    );
  container
    .bind(id.decryptor)
    .toResolvedValue(
      ({ decryption }, clock, events) => new LazyDecryptor(decryption, { clock, events }),
      [id.configuration, id.clock, id.events],
    );
  container.bind(id.access).toResolvedValue(({ access }) => new AccessGuard(access.policy), [id.configuration]);
  container.bind(id.deliveryRecords).toConstantValue(new DeliveryRecordRelay());
  container.bind(id.readiness).toResolvedValue((clock) => new Readiness(clock), [id.clock]);
  container.bind(id.leased).toResolvedValue((clock) => new LeasedValuesRelay(clock), [id.clock]);
  container.bind(id.choice).toResolvedValue((clock) => new RevisionSelectorRelay(clock), [id.clock]);
  container.bind(id.providers).toResolvedValue(
    ({ providers, rotation, ownFiles }, clock, random, digest, events) => {
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
    [id.configuration, id.clock, id.random, id.digest, id.events],
  );
  container.bind(id.delivery).toResolvedValue(
    (labels, access, providers, decryptor, clock, events, deliveryRecords, choice, leased, { delivery }) =>
      new Delivery({
        labels,
        access,
        findProvider: providers.find,
        findDecryptor: decryptor.find,
        clock,
        events,
        record: deliveryRecords.record,
        choice,
        leased,
        limits: delivery,
      }),
    [
      id.labels,
      id.access,
      id.providers,
      id.decryptor,
      id.clock,
      id.events,
      id.deliveryRecords,
      id.choice,
      id.leased,
      id.configuration,
    ],
  );
  container
    .bind(id.answers)
    .toResolvedValue((delivery, clock) => new InFlightRequests(delivery, clock), [id.delivery, id.clock]);
  container.bind(id.driver).toResolvedValue(
    ({ socketPath, socketTakeover }, source, events, clock, readiness) =>
      createDriverServer({
        socketPath,
        source,
        events,
        clock,
        processNamespace: processNamespace(),
        ...(socketTakeover ? { takeOverWhen: () => readiness.canTakeOver } : {}),
      }),
    [id.configuration, id.answers, id.events, id.clock, id.readiness],
  );
  return container;
}
