import type { SecretRef } from '@vault-swarm/provider';
import type { StoredPayload } from './stored-payload.ts';

/** A disturbance that can be started and ended, such as an outage. Both resolve when they have taken effect. */
export interface Disturbance {
  start(): Promise<void>;
  end(): Promise<void>;
}

/** A {@link Disturbance} of one secret. */
export interface SecretDisturbance {
  start(name: string): Promise<void>;
  end(name: string): Promise<void>;
}

/** Holds responses back, so that a check can act between a store's answer and its arrival. */
export interface Hold {
  /** From now on, the store answers at once, and its responses are held back. */
  start(): Promise<void>;
  /** Resolves when a response is held: at once if one is held already. */
  held(): Promise<void>;
  /** Lets the responses pass that are held now. Later ones are held again. */
  pass(): Promise<void>;
  /** Lets all responses pass. */
  end(): Promise<void>;
}

/** A second location that may have the same names: another region, mount, project or directory. */
export interface OtherLocation {
  /** Stores a value there. */
  write(name: string, payload: StoredPayload): Promise<void>;
  /** The ref of the value there. Called after the value was written. */
  ref(name: string): SecretRef;
}

/**
 * The operations of a harness for capabilities that not all providers have, or that not all can simulate in a test. A harness
 * has a member for exactly those capabilities that it declares.
 */
export interface Operations {
  /** The backend can store values that are not text. */
  readonly bytes: { write(name: string, bytes: Uint8Array): Promise<void> };
  /** Old versions can be read. `current` is the pin of the latest version, `missing` one that never existed. */
  readonly pins: { current(name: string): Promise<string>; readonly missing: string };
  /** The backend can be made to fail at once: connection refused, directory deleted. */
  readonly outage: Disturbance;
  /** The backend can be made to accept requests without answering them. */
  readonly hang: Disturbance;
  /** The backend can be made to respond so slowly, byte by byte, that no response is ever complete. */
  readonly drip: Disturbance;
  /** Our identity can be denied access to one secret. */
  readonly denial: SecretDisturbance;
  /** Our login can be made to fail: a revoked token, a wrong key. */
  readonly login: Disturbance;
  /** The backend can be made to reject requests because of a rate limit. */
  readonly throttling: Disturbance;
  /** The current version of one secret can be disabled and enabled again, and exists meanwhile. */
  readonly withdrawal: SecretDisturbance;
  /** The responses of the backend can be held back. */
  readonly hold: Hold;
  /** The backend has the same name at several locations, and one instance reads them all. */
  readonly locations: OtherLocation;
  /** The backend sends a checksum. With the disturbance, values arrive damaged, with the checksum of the right ones. */
  readonly checksum: Disturbance;
}

/** Capabilities that need no operation of the harness. */
export type Trait =
  /** Stored numbers keep every digit. */
  | 'exactNumbers'
  /** Revisions are digests of the content: the same value always has the same revision. */
  | 'digestRevisions'
  /** Revisions have their creation time. */
  | 'createdAt'
  /** The probe returns markers. */
  | 'markers'
  /** The provider sends hints about changes. */
  | 'hints'
  /** Replaced values can be read by their revision: the instance has `revisions`. */
  | 'oldRevisions'
  /** Two revisions can be compared by age: the instance has `order`. */
  | 'order';

/** All capabilities of providers. */
export type Capability = keyof Operations | Trait;

/** For each capability `true`, or the reason why the provider lacks it. The test output shows the reason. */
export type Capabilities = Readonly<Record<Capability, true | string>>;

/** The names of the capabilities in `C` that are `true`. */
export type Declared<C extends Capabilities> = {
  [Name in Capability]: C[Name] extends true ? Name : never;
}[Capability];
