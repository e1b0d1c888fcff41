import type { Delivery, InFlightRequests } from '@vault-swarm/delivery';
import type { Clock, Digest, EventBus, Random } from '@vault-swarm/kernel';
import type { Readiness } from '@vault-swarm/metrics';
import type { AccessGuard, LabelReader } from '@vault-swarm/provider';
import type { DriverServer } from '@vault-swarm/swarm-driver';
import type { ServiceIdentifier } from 'inversify';
import type { PluginConfiguration } from '../configuration.ts';
import type { LazyDecryptor } from '../decryption.ts';
import type { LateRotation } from '../late-rotation.ts';
import type { PluginEvent } from '../plugin-events.ts';
import type { ProviderRegistry } from '../provider-registry.ts';

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
  /** The rotation for deliveries, also before it is loaded. */
  lateRotation: Symbol('lateRotation') as ServiceIdentifier<LateRotation>,
  readiness: Symbol('readiness') as ServiceIdentifier<Readiness>,
  delivery: Symbol('delivery') as ServiceIdentifier<Delivery>,
  answers: Symbol('answers') as ServiceIdentifier<InFlightRequests>,
  driver: Symbol('driver') as ServiceIdentifier<DriverServer>,
};
