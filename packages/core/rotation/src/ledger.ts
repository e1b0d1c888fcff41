import type { HeldValue } from './held-value.ts';

/** The current value of a secret in use, and when the leader first saw it (milliseconds since 1970, its own clock). */
export interface LedgerSecret extends HeldValue {
  readonly digest: string;
  readonly seenAtMs: number;
}

/** Tasks of a service that were created before `untilMs` hold this value, unless something says otherwise. */
export interface EarlierValue extends HeldValue {
  readonly untilMs: number;
}

/** A rollout that was begun and is not closed. It was written down before the service was touched. */
export interface OpenRollout {
  readonly generation: number;
  /** When it was begun, in milliseconds since 1970. */
  readonly begunAtMs: number;
  /** When the leader first saw the oldest of the changes that it brings. */
  readonly changedAtMs: number;
  /** How often in a row it was begun for the same values. */
  readonly attempt: number;
  /** Set once it failed: it was counted as an error, and the same values are not tried again. */
  readonly failed: boolean;
  /** The values that it brings, by ledger key. */
  readonly target: Readonly<Record<string, HeldValue>>;
}

/** What is open for a service. A service whose tasks all hold the current values has no entry. */
export interface LedgerService {
  readonly rollout: OpenRollout | null;
  /** By ledger key, oldest first. */
  readonly earlier: Readonly<Record<string, readonly EarlierValue[]>>;
  /** Tasks that are known to hold something else than the rest of the ledger says: task id → ledger key → value. */
  readonly exceptions: Readonly<Record<string, Readonly<Record<string, HeldValue>>>>;
}

/** All that outlives the process. No values; digests only keyed. */
export interface LedgerDocument {
  /** Key of the digests where the operator gave none. */
  readonly digestKey: string | null;
  /** By ledger key. */
  readonly secrets: Readonly<Record<string, LedgerSecret>>;
  /** By service id. */
  readonly services: Readonly<Record<string, LedgerService>>;
}

/** Nothing open for the service. */
export const NOTHING_OPEN: LedgerService = { rollout: null, earlier: {}, exceptions: {} };

/** A first ledger. */
export function emptyLedger(digestKey: string | null): LedgerDocument {
  return { digestKey, secrets: {}, services: {} };
}

const FORMAT = 1;

/** The ledger as text. Values are short lists rather than objects, since all of it is one Raft entry. */
export function serialiseLedger(ledger: LedgerDocument): string {
  return JSON.stringify({
    format: FORMAT,
    ...(ledger.digestKey === null ? {} : { digestKey: ledger.digestKey }),
    secrets: mapValues(ledger.secrets, ({ revision, digest, seenAtMs }) => [revision, digest, seenAtMs]),
    services: mapValues(ledger.services, ({ rollout, earlier, exceptions }) => ({
      ...(rollout === null ? {} : { rollout: { ...rollout, target: mapValues(rollout.target, packed) } }),
      ...ifAny(
        'earlier',
        mapValues(earlier, (list) => list.map((value) => [...packed(value), value.untilMs])),
      ),
      ...ifAny(
        'exceptions',
        mapValues(exceptions, (values) => mapValues(values, packed)),
      ),
    })),
  });
}

/** The ledger that {@link serialiseLedger} wrote, or `null` where the text is damaged or of a later format. */
export function parseLedger(text: string): LedgerDocument | null {
  try {
    const root = object(JSON.parse(text));
    if (root.format !== FORMAT) return null;
    return {
      digestKey: root.digestKey === undefined ? null : string(root.digestKey),
      secrets: mapValues(object(root.secrets), (value) => {
        const [revision, digest, seenAtMs] = list(value);
        return { revision: string(revision), digest: string(digest), seenAtMs: number(seenAtMs) };
      }),
      services: mapValues(object(root.services), parseService),
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

function parseService(value: unknown): LedgerService {
  const { rollout, earlier, exceptions } = object(value);
  return {
    rollout: rollout === undefined ? null : parseRollout(object(rollout)),
    earlier: mapValues(object(earlier ?? {}), (values) =>
      list(values).map((entry) => ({ ...unpacked(entry), untilMs: number(list(entry)[2]) })),
    ),
    exceptions: mapValues(object(exceptions ?? {}), (values) => mapValues(object(values), unpacked)),
  };
}

function parseRollout(value: Readonly<Record<string, unknown>>): OpenRollout {
  return {
    generation: number(value.generation),
    begunAtMs: number(value.begunAtMs),
    changedAtMs: number(value.changedAtMs),
    attempt: number(value.attempt),
    failed: value.failed === true,
    target: mapValues(object(value.target), unpacked),
  };
}

function packed({ revision, digest }: HeldValue): readonly [string, string | null] {
  return [revision, digest];
}

function unpacked(value: unknown): HeldValue {
  const [revision, digest] = list(value);
  return { revision: string(revision), digest: digest === null ? null : string(digest) };
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Readonly<Record<string, B>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

function ifAny(name: string, record: object): object {
  return Object.keys(record).length === 0 ? {} : { [name]: record };
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not an object');
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('not a list');
  return value;
}

function string(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not a string');
  return value;
}

function number(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError('not a number');
  return value;
}
