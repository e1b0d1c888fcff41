import { type Clock, DeadlineExceeded, withDeadline } from '@vault-swarm/kernel';
import {
  type ProbeOutcome,
  type ProbeResult,
  ProviderError,
  type ProviderInstance,
  refKey,
  type SecretRef,
} from '@vault-swarm/provider';
import type { ValueCache } from '../ports/value-cache.ts';

const DEADLINE_MS = 10_000;
/** A pass of probes may take longer by this for each ref: a slow provider that has many is not one that hangs. */
const PROBE_MS = 50;

/** What {@link runProbe} needs. */
export interface ProbePorts {
  readonly clock: Clock;
  /** The name of the provider. */
  readonly provider: string;
  readonly findProvider: (name: string) => Promise<ProviderInstance>;
  /** Gets whether the provider answered. */
  readonly values: Pick<ValueCache, 'reportProbe'>;
}

/** What a provider's probe said. */
export interface ProbeAnswers {
  /** One for each ref, in their order. */
  readonly results: readonly ProbeResult[];
  /** What the operator may change so that a probe can tell, `null` where nothing; `undefined` where nobody was asked. */
  readonly problem: string | null | undefined;
}

/**
 * Asks the probe of a provider about all of its refs, within 10 s and 50 ms for each. What can't be asked is a failed
 * result; it rejects only when it was aborted.
 */
export async function runProbe(
  { clock, provider, findProvider, values }: ProbePorts,
  refs: readonly SecretRef[],
  signal: AbortSignal,
): Promise<ProbeAnswers> {
  const tell = (outcome: ProbeOutcome | null) => {
    if (outcome !== null && refs[0] !== undefined) values.reportProbe(refs[0], outcome);
  };
  try {
    const answers = await withDeadline(clock, DEADLINE_MS + refs.length * PROBE_MS, signal, async (cut) => {
      const { probe } = await findProvider(provider);
      return probe === null ? null : await probe.probe(refs, { signal: cut });
    });
    const results = refs.map((ref): ProbeResult => answers?.get(refKey(ref)) ?? { kind: 'unsupported' });
    tell(outcomeOf(results));
    return { results, problem: results.every(({ kind }) => kind === 'postponed') ? undefined : problemIn(results) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DeadlineExceeded) tell('timeout');
    const failure = ProviderError.from(error, `${provider} did not answer in time`);
    return { results: refs.map(() => ({ kind: 'failed', error: failure })), problem: undefined };
  }
}

/** One answer is enough to know that the provider is there. Where only a read can tell, a probe tells nothing. */
function outcomeOf(results: readonly ProbeResult[]): ProbeOutcome | null {
  const errors = results.flatMap((result) => (result.kind === 'failed' ? [result.error] : []));
  if (results.some(({ kind }) => kind === 'marker') || errors.some(({ isOutage }) => !isOutage)) return 'answered';
  if (errors.some(({ code }) => code === 'UNAVAILABLE')) return 'unavailable';
  return errors.some(({ code }) => code === 'UNAUTHENTICATED') ? 'login-refused' : null;
}

function problemIn(results: readonly ProbeResult[]): string | null {
  for (const result of results) if ('problem' in result && result.problem !== undefined) return result.problem;
  return null;
}
