import { type JsonObject, list, mapValues, object } from './json-guards.ts';

/** Digests of the same bytes by the same key were longer. */
const DIGEST_CHARACTERS = 16;

/**
 * A ledger of format 1 as format 2 has it, still to be checked. Format 1 had a row for each secret, had no quarantine, and
 * did not say what the tasks held before a rollout: so such a rollout is gone on with, and is never rolled back.
 * @throws {TypeError} where it is not of that format.
 */
export function fromFormat1(root: JsonObject): JsonObject {
  const secrets = Object.entries(object(root.secrets)).map(([key, row]) => [key, ...heldValue(row)]);
  const column = (index: number) => secrets.map((row) => row[index]);
  return {
    ...root,
    secrets: { keys: column(0), revisions: column(1), digests: column(2), seenAtMs: column(3) },
    services: mapValues(object(root.services), service),
  };
}

function service(value: unknown): JsonObject {
  const { rollout, earlier = {}, exceptions = {} } = object(value);
  return {
    ...(rollout === undefined ? {} : { rollout: openRollout(object(rollout)) }),
    earlier: mapValues(object(earlier), (values) => list(values).map(heldValue)),
    exceptions: mapValues(object(exceptions), (values) => mapValues(object(values), heldValue)),
  };
}

function heldValue(value: unknown): readonly unknown[] {
  const [revision, digest, ...rest] = list(value);
  return [revision, typeof digest === 'string' ? digest.slice(0, DIGEST_CHARACTERS) : digest, ...rest];
}

function openRollout({ failed, target, ...rollout }: JsonObject): JsonObject {
  return {
    ...rollout,
    target: mapValues(object(target), heldValue),
    direction: 'forward',
    state: failed === true ? 'failed' : 'open',
    failure: failed === true ? 'it failed under an earlier version of the plugin' : '',
    fingerprint: '',
    lastGood: {},
  };
}
