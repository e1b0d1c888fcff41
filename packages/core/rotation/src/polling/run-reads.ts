import { type Clock, mapConcurrently, withDeadline } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import type { ValueCache } from '../ports/value-cache.ts';
import { locationKey } from './location-key.ts';
import type { Finding } from './watched-ref.ts';

const CALL_DEADLINE_MS = 10_000;
/** After this many consecutive failures, the remaining refs are not read. */
const FAILURES_IN_A_ROW = 3;
const LOCATIONS_AT_ONCE = 8;
/** Fewer, so that probes and reads together leave some of the provider's connections to tasks. */
const LOCATIONS_BESIDE_PROBE = 4;
/** Most adapters share one read between the fields of a location. The others get this many reads of it at once. */
const FIELDS_AT_ONCE = 2;

/** A ref that is read, and what a probe found before. */
export type ToRead = Pick<Finding, 'watched' | 'marker' | 'named'>;

/** What {@link runReads} needs. */
export interface ReadPorts {
  readonly clock: Clock;
  /** The name of the provider. */
  readonly provider: string;
  readonly values: Pick<ValueCache, 'refresh'>;
  /** The keyed digest, always with the same key. */
  readonly digest: (bytes: Uint8Array) => string;
  /** The digest with the previous key, while the key is being replaced. */
  readonly formerDigest: (bytes: Uint8Array) => string | null;
}

/**
 * Reads refs of a provider, within 10 s each and with reads that start after this call. An error is a finding too.
 * Rejects only when aborted.
 *
 * @param startedAtMs when the poll started, in monotonic milliseconds.
 * @param besideProbe whether the provider is probed at the same time.
 */
export async function runReads(
  { clock, provider, values, digest, formerDigest }: ReadPorts,
  toRead: readonly ToRead[],
  startedAtMs: number,
  signal: AbortSignal,
  besideProbe = false,
): Promise<readonly Finding[]> {
  // An earlier read may lack the change that the probe saw.
  const notBeforeMs = clock.monotonic();
  let failuresInARow = 0;
  let latestFailure: ProviderError | undefined;
  const read = async (entry: ToRead): Promise<Finding> => {
    if (latestFailure !== undefined && failuresInARow >= FAILURES_IN_A_ROW) {
      return { ...entry, startedAtMs, marker: null, error: latestFailure };
    }
    try {
      const { value, ...revision } = await withDeadline(clock, CALL_DEADLINE_MS, signal, (cut) =>
        values.refresh(entry.watched.ref, { signal: cut, notBeforeMs }),
      );
      failuresInARow = 0;
      // Computed at once, since the value is only lent.
      const digests = {
        digest: entry.watched.digestOf(revision.revision) ?? digest(value.reveal()),
        formerDigest: formerDigest(value.reveal()),
      };
      return { ...entry, startedAtMs, revision: { ...revision, ...digests } };
    } catch (error) {
      signal.throwIfAborted();
      const failure = ProviderError.from(error, `${provider} did not answer in time`);
      failuresInARow = failure.isOutage ? failuresInARow + 1 : 0;
      latestFailure = failure;
      return { ...entry, startedAtMs, marker: null, error: failure };
    }
  };
  // Not by ref: the fields of a location share one read, so only one or two requests would be sent at once.
  const byLocation = Map.groupBy(toRead, ({ watched }) => locationKey(watched.ref));
  const atOnce = besideProbe ? LOCATIONS_BESIDE_PROBE : LOCATIONS_AT_ONCE;
  const found = await mapConcurrently(byLocation.values(), atOnce, (fields) =>
    mapConcurrently(fields, FIELDS_AT_ONCE, read),
  );
  return found.flat();
}
