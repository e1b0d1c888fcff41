import type { Encoding, ProviderInstance, SecretRef } from '@vault-swarm/provider';
import type { Capabilities, Capability, Declared, Operations } from './capability.ts';
import type { StoredPayload } from './stored-payload.ts';
import type { SuiteTools } from './suite-tools.ts';

/** The parts of a ref that a check chooses. */
export interface RefOptions {
  readonly field?: string;
  readonly pin?: string;
  readonly encoding?: Encoding;
}

/**
 * A location for secrets, and a provider that reads them. Each check gets its own harness, so names of different checks can't
 * collide. Names have lower-case letters, digits and `-`.
 */
export interface HarnessCore {
  /** The largest value in bytes that the backend can store and Swarm can deliver: at most 511,999. */
  readonly largestValueBytes: number;
  /**
   * Opens a new instance that reads from this location, with the suite's clock, events and digest, as
   * `ProviderModule.load` gets them. The suite closes it.
   */
  open(tools: SuiteTools): Promise<ProviderInstance>;
  /** Stores a value, or replaces the existing one. Resolves when reads return it. */
  write(name: string, payload: StoredPayload): Promise<void>;
  /** Deletes a value. Resolves when reads no longer return it. */
  delete(name: string): Promise<void>;
  /** The ref of the value under `name`, whether it exists or not. The default encoding is `raw`. */
  ref(name: string, options?: RefOptions): SecretRef;
  /** Removes everything. Called once, after all instances are closed and all disturbances have ended. */
  tearDown(): Promise<void>;
}

/** A harness with the operations of the capabilities named `Names`. */
export type HarnessWith<Names extends Capability> = HarnessCore & {
  readonly [Name in Extract<Names, keyof Operations>]: Operations[Name];
};

/** The harness of a provider with the capabilities `C`. Operations of other capabilities are not in its type. */
export type Harness<C extends Capabilities> = HarnessWith<Declared<C>>;

/** A harness of any provider. */
export type AnyHarness = HarnessCore & Partial<Operations>;
