import type { Delivery } from '@vault-swarm/delivery';
import type { Clock, Digest, EventBus, Random } from '@vault-swarm/kernel';
import type { AccessGuard, LabelReader } from '@vault-swarm/provider';
import type { DriverServer } from '@vault-swarm/swarm-driver';
import type { ServiceIdentifier } from 'inversify';
import type { PluginConfiguration } from '../configuration.ts';
import type { LazyDecryptor } from '../decryption.ts';
import type { DeliveryRecordRelay } from '../delivery-record-relay.ts';
import type { InFlightRequests } from '../in-flight-requests.ts';
import type { LeasedValuesRelay } from '../leased-values-relay.ts';
import type { PluginEvent } from '../plugin-events.ts';
import type { ProviderRegistry } from '../provider-registry.ts';
import type { Readiness } from '../readiness.ts';
import type { RevisionSelectorRelay } from '../revision-selector-relay.ts';

/** The container's entries by name. */
export const id = {
  configuration: Symbol('configuration') as ServiceIdentifier<PluginConfiguration>,
  clock: Symbol('clock') as ServiceIdentifier<Clock>,
  random: Symbol('random') as ServiceIdentifier<Random>,
  digest: Symbol('digest') as ServiceIdentifier<Digest>,
  events: Symbol('events') as ServiceIdentifier<EventBus<PluginEvent>>,
  labels: Symbol('labels') as ServiceIdentifier<LabelReader>,
  access: Symbol('access') as ServiceIdentifier<AccessGuard>,
  providers: Symbol('providers') as ServiceIdentifier<ProviderRegistry>,
  decryptor: Symbol('decryptor') as ServiceIdentifier<LazyDecryptor>,
  deliveryRecords: Symbol('evidence') as ServiceIdentifier<DeliveryRecordRelay>,
  choice: Symbol('choice') as ServiceIdentifier<RevisionSelectorRelay>,
  leased: Symbol('leased') as ServiceIdentifier<LeasedValuesRelay>,
  readiness: Symbol('readiness') as ServiceIdentifier<Readiness>,
  delivery: Symbol('delivery') as ServiceIdentifier<Delivery>,
  answers: Symbol('answers') as ServiceIdentifier<InFlightRequests>,
  driver: Symbol('driver') as ServiceIdentifier<DriverServer>,
};
