import type { Encoding, LosslessJsonObject, ProviderInstance, SecretRef } from '@vault-swarm/provider';
import type { Capabilities, Capability, Declared, Operations } from './capability.ts';

/** What is stored at a location: text, or named fields (their numbers may have more digits than a double). */
export type StoredPayload = { readonly text: string } | { readonly fields: LosslessJsonObject };

/** The parts of a ref that a check chooses. */
export interface RefOptions {
  readonly field?: string;
  readonly pin?: string;
  readonly encoding?: Encoding;
}

/**
 * One place to store secrets, and a provider that reads them. Each check gets a harness of its own, so names in one
 * never meet those in another. Names are lower-case letters, digits and `-`.
 */
export interface HarnessCore {
  /** The largest value in bytes that the backend can hold and Swarm can carry: at most 511,999. */
  readonly largestValueBytes: number;
  /** A new instance that reads from this place. The suite closes it. */
  open(): Promise<ProviderInstance>;
  /** Stores a value, in place of one that is there. Resolves when a read would give it. */
  write(name: string, payload: StoredPayload): Promise<void>;
  /** Deletes a value. Resolves when a read would no longer give it. */
  delete(name: string): Promise<void>;
  /** The ref of what was written under `name`, or of what would be if nothing was. Encoding is `raw` by default. */
  ref(name: string, options?: RefOptions): SecretRef;
  /** Removes all of it. Called once, after the instances are closed; disturbances have been ended. */
  tearDown(): Promise<void>;
}

/** A harness with the operations of the capabilities named `Names`. */
export type HarnessWith<Names extends Capability> = HarnessCore & {
  readonly [Name in Extract<Names, keyof Operations>]: Operations[Name];
};

/** The harness of a provider with the capabilities `C`: what it lacks is not in its type. */
export type Harness<C extends Capabilities> = HarnessWith<Declared<C>>;

/** A harness of any provider. */
export type AnyHarness = HarnessCore & Partial<Operations>;
