/** Something that can be started and ended again, such as an outage. Both resolve when it has come into force. */
export interface Disturbance {
  start(): Promise<void>;
  end(): Promise<void>;
}

/** A {@link Disturbance} of one secret. */
export interface SecretDisturbance {
  start(name: string): Promise<void>;
  end(name: string): Promise<void>;
}

/**
 * What a harness gives the suite for each thing that only some providers can do, or that only some can be made to do
 * in a test. A harness has a member for exactly those capabilities that it declares.
 */
export interface Operations {
  /** Values that are not text can be stored as they are. */
  readonly bytes: { write(name: string, bytes: Uint8Array): Promise<void> };
  /** Old versions can be read. `current` is the pin of the version written last, `missing` one that never was. */
  readonly pins: { current(name: string): Promise<string>; readonly missing: string };
  /** The backend can be made to fail at once: connection refused, directory gone. */
  readonly outage: Disturbance;
  /** The backend can be made to accept requests and to leave them without an answer. */
  readonly hang: Disturbance;
  /** The backend can be made to answer so slowly, byte by byte, that no answer is ever whole. */
  readonly drip: Disturbance;
  /** Reading one secret can be forbidden to our identity. */
  readonly denial: SecretDisturbance;
  /** Our own login can be spoiled: a revoked token, a wrong key. */
  readonly login: Disturbance;
  /** The backend can be made to answer that we ask too often. */
  readonly throttling: Disturbance;
}

/** Capabilities that need nothing of the harness. */
export type Trait =
  /** Numbers keep every digit from writing to reading. */
  | 'exactNumbers'
  /** Revisions are digests of the content: the same value again has the same revision again. */
  | 'digestRevisions'
  /** Revisions say when they were made. */
  | 'createdAt'
  /** The probe answers with markers. */
  | 'markers'
  /** Changes are hinted at. */
  | 'hints'
  /** Values that were replaced are read again by their revision: the instance has `revisions`. */
  | 'oldRevisions'
  /** Revisions tell which of two was made later: the instance has `order`. */
  | 'order';

/** Everything that a provider may or may not be able to do. */
export type Capability = keyof Operations | Trait;

/** For each capability `true`, or a sentence that says why the provider lacks it. It is in the test's output. */
export type Capabilities = Readonly<Record<Capability, true | string>>;

/** The names of the capabilities in `C` that are `true`. */
export type Declared<C extends Capabilities> = {
  [Name in Capability]: C[Name] extends true ? Name : never;
}[Capability];
