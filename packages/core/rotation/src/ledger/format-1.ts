import { type JsonObject, list, mapValues, object } from './json-guards.ts';

/** Format 1 stored longer digests of the same bytes with the same key. */
const DIGEST_CHARACTERS = 16;

/**
 * Converts a ledger of format 1 to format 2; the result is still to be checked. Format 1 had a row for each secret and
 * no quarantine. It did not store the actual revisions before a rollout. So such a rollout is continued, and is never
 * rolled back.
 * @throws {TypeError} if it is not of that format.
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
