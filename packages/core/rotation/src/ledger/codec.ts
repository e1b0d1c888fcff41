import { type JsonLimits, limitJson, noticedBy, TooMuchJson } from '@vault-swarm/provider';
import { fromFormat1 } from './format-1.ts';
import { type JsonObject, list, mapValues, natural, object, oneOf, string, timeMs } from './json-guards.ts';
import type {
  LedgerDocument,
  LedgerService,
  Lockdown,
  Noticed,
  OpenRollout,
  Quarantine,
  RolloutTrigger,
} from './ledger.ts';
import { type PossibleVersion, type SecretVersion, UNKNOWN_OLDER } from './secret-version.ts';

/**
 * The format that is written. Every change of the content needs a new format, even an addition: a version that does not
 * know an added field would drop it.
 */
export const LEDGER_FORMAT = 5;

/** More than 1,000 services need that have 20 secrets each and all roll. */
const LIMITS: JsonLimits = { maxDepth: 20, maxValues: 500_000 };

/** How this version of the plugin understands a ledger's text. */
export type LedgerReading =
  /** `format` is that of the text. If it is lower than the current one, an earlier version wrote the text. */
  | { readonly kind: 'readable'; readonly ledger: LedgerDocument; readonly format: number }
  /** A later version wrote it, so it may contain unknown content. Every format from 3 on has these fields. */
  | {
      readonly kind: 'newer';
      readonly format: number;
      readonly digestKey: string | null;
      readonly isLockedDown: boolean;
    }
  | { readonly kind: 'damaged' };

/**
 * Serialises the ledger. The whole text is one Raft entry, and there may be 20,000 secrets. So secrets are written as
 * columns, which compress best, and empty fields are omitted.
 *
 * @throws {RangeError} if a number is not finite: JSON would make it `null`, and nobody could read the ledger.
 */
export function serialiseLedger(ledger: LedgerDocument): string {
  const stored = storedLedger(ledger);
  const text = JSON.stringify(stored);
  // A function for each value makes it several times as slow, and few ledgers have a null.
  if (text.includes('null')) JSON.stringify(stored, refuseNotFinite);
  return text;
}

function refuseNotFinite(name: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  throw new RangeError(`the ledger can't have ${value} as ${name}`);
}

function storedLedger(ledger: LedgerDocument): object {
  return {
    format: LEDGER_FORMAT,
    ...(ledger.digestKey === null ? {} : { digestKey: ledger.digestKey }),
    ...(ledger.lockdown === null ? {} : { lockdown: ledger.lockdown }),
    ...ifAny('hints', ledger.hints),
    secrets: columns(ledger.secrets),
    services: mapValues(
      ledger.services,
      ({ rollout, quarantines, requested, highestUsedGeneration, previousValues, failedBefore, taskOverrides }) => ({
        ...(rollout === null ? {} : { rollout: storedRollout(rollout) }),
        ...ifAny(
          'setAside',
          quarantines.map(({ isByUser, ...set }) => ({
            ...set,
            ...(isByUser ? { isByUser } : {}),
            failed: mapValues(set.failed, packed),
            lastGood: mapValues(set.lastGood, packed),
          })),
        ),
        ...ifAny('requested', requested),
        ...(highestUsedGeneration === 0 ? {} : { spentGeneration: highestUsedGeneration }),
        ...ifAny(
          'earlier',
          mapValues(previousValues, (list) => list.map((value) => [...packed(value), value.untilMs])),
        ),
        ...ifAny('failedBefore', mapValues(failedBefore, packed)),
        ...ifAny(
          'exceptions',
          mapValues(taskOverrides, (values) => mapValues(values, packed)),
        ),
      }),
    ),
  };
}

/** The ledger that {@link serialiseLedger} or an earlier version wrote; `null` if it is damaged or of a later version. */
export function parseLedger(text: string): LedgerDocument | null {
  const reading = readLedger(text);
  return reading.kind === 'readable' ? reading.ledger : null;
}

/** Reads a ledger of any version. */
export function readLedger(text: string): LedgerReading {
  try {
    limitJson(text, LIMITS);
    const root = object(JSON.parse(text));
    const format = natural(root.format);
    if (format > LEDGER_FORMAT) {
      return { kind: 'newer', format, digestKey: digestKeyOf(root), isLockedDown: root.lockdown !== undefined };
    }
    // Formats 3 and 4 have fewer fields. Format 2 has those of 3: versions that know only format 2 write without a seal.
    if (format >= 2) return { kind: 'readable', ledger: parseRoot(root), format };
    if (format === 1) return { kind: 'readable', ledger: parseRoot(fromFormat1(root)), format };
    return { kind: 'damaged' };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof TooMuchJson)
      return { kind: 'damaged' };
    throw error;
  }
}

function parseRoot(root: JsonObject): LedgerDocument {
  return {
    digestKey: digestKeyOf(root),
    lockdown: lockdownOf(root),
    hints: hintsOf(root),
    secrets: rows(object(root.secrets)),
    services: mapValues(object(root.services), parseService),
  };
}

function digestKeyOf({ digestKey }: JsonObject): string | null {
  return digestKey === undefined ? null : string(digestKey);
}

function lockdownOf({ lockdown }: JsonObject): Lockdown | null {
  return lockdown === undefined ? null : { sinceMs: timeMs(object(lockdown).sinceMs) };
}

function hintsOf({ hints = {} }: JsonObject): LedgerDocument['hints'] {
  return mapValues(object(hints), (value) => {
    const { atMs, hook } = object(value);
    return { atMs: timeMs(atMs), hook: string(hook) };
  });
}

function columns(secrets: LedgerDocument['secrets']): object {
  const rows = Object.entries(secrets);
  return {
    keys: rows.map(([key]) => key),
    revisions: rows.map(([, { revision }]) => revision),
    digests: rows.map(([, { digest }]) => digest),
    seenAtMs: rows.map(([, { seenAtMs }]) => seenAtMs),
    ...ifAny(
      'noticed',
      Object.fromEntries(rows.flatMap(([key, { noticed }]) => (noticed === undefined ? [] : [[key, noticed]]))),
    ),
  };
}

function rows({ keys, revisions, digests, seenAtMs, noticed = {} }: JsonObject): LedgerDocument['secrets'] {
  const [ofRevision, ofDigest, ofTime] = [list(revisions), list(digests), list(seenAtMs)];
  const triggers = object(noticed);
  const entries = list(keys).map((key, index) => [
    string(key),
    {
      ...{ revision: string(ofRevision[index]), digest: string(ofDigest[index]), seenAtMs: timeMs(ofTime[index]) },
      ...(Object.hasOwn(triggers, string(key)) ? { noticed: parseNoticed(object(triggers[string(key)])) } : {}),
    },
  ]);
  return Object.fromEntries(entries);
}

/** Uses the field names that the stored formats have had since the first one. */
function storedRollout({
  direction,
  startedAtMs,
  target,
  lastGood,
  triggers = {},
  ...rollout
}: OpenRollout): JsonObject {
  return {
    direction: direction === 'rollback' ? 'back' : 'forward',
    begunAtMs: startedAtMs,
    ...rollout,
    target: mapValues(target, packed),
    lastGood: mapValues(lastGood, packed),
    ...ifAny('triggers', triggers),
  };
}

function parseNoticed({ by, hook }: JsonObject): Noticed {
  return { by: oneOf(by, noticedBy), ...(hook === undefined ? {} : { hook: string(hook) }) };
}

function parseService(value: unknown): LedgerService {
  const {
    rollout = null,
    setAside = [],
    requested = [],
    spentGeneration = 0,
    earlier = {},
    failedBefore = {},
    exceptions = {},
  }: JsonObject = object(value);
  return {
    rollout: rollout === null ? null : parseRollout(object(rollout)),
    quarantines: list(setAside).map(parseQuarantine),
    requested: list(requested).map(string),
    highestUsedGeneration: natural(spentGeneration),
    previousValues: mapValues(object(earlier), (values) =>
      list(values).map((item) => ({ ...unpackedPossible(item), untilMs: timeMs(list(item)[2]) })),
    ),
    failedBefore: mapValues(object(failedBefore), unpacked),
    taskOverrides: mapValues(object(exceptions), (values) => mapValues(object(values), unpacked)),
  };
}

function parseRollout(value: JsonObject): OpenRollout {
  return {
    direction: oneOf(value.direction, ['forward', 'back']) === 'back' ? 'rollback' : 'forward',
    generation: natural(value.generation),
    startedAtMs: timeMs(value.begunAtMs),
    changedAtMs: timeMs(value.changedAtMs),
    attempt: natural(value.attempt),
    state: oneOf(value.state, ['open', 'stuck', 'failed']),
    failure: string(value.failure),
    fingerprint: string(value.fingerprint),
    target: mapValues(object(value.target), unpacked),
    lastGood: mapValues(object(value.lastGood), unpacked),
    ...(value.triggers === undefined ? {} : { triggers: mapValues(object(value.triggers), parseTrigger) }),
  };
}

function parseTrigger(value: unknown): RolloutTrigger {
  const trigger = object(value);
  return { ...parseNoticed(trigger), atMs: timeMs(trigger.atMs) };
}

function parseQuarantine(value: unknown): Quarantine {
  const { failed, lastGood, sinceMs, reason, isByUser } = object(value);
  return {
    failed: mapValues(object(failed), unpacked),
    lastGood: mapValues(object(lastGood), unpacked),
    sinceMs: timeMs(sinceMs),
    reason: string(reason),
    isByUser: isByUser === true,
  };
}

/** In the text, the revision of a value that is only known to be older is empty. */
function packed({ revision, digest }: PossibleVersion): readonly [string, string | null] {
  return [revision ?? '', digest];
}

function unpackedPossible(value: unknown): PossibleVersion {
  const version = unpacked(value);
  return version.revision === '' ? UNKNOWN_OLDER : version;
}

function unpacked(value: unknown): SecretVersion {
  const [revision, digest] = list(value);
  return { revision: string(revision), digest: digest === null ? null : string(digest) };
}

function ifAny(name: string, container: object): object {
  return Object.keys(container).length === 0 ? {} : { [name]: container };
}
