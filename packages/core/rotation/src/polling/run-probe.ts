import { type Clock, DeadlineExceeded, withDeadline } from '@vault-swarm/kernel';
import {
  type ChangeProbe,
  type ProbeOutcome,
  type ProbeResult,
  ProviderError,
  type ProviderInstance,
  refKey,
  type SecretRef,
} from '@vault-swarm/provider';
import type { ValueCache } from '../ports/value-cache.ts';

const DEADLINE_MS = 10_000;
/** Extra time for each ref, so that a slow provider with many refs does not count as hanging. */
const PROBE_MS = 50;

/** What {@link runProbe} needs. */
export interface ProbePorts {
  readonly clock: Clock;
  /** The name of the provider. */
  readonly provider: string;
  readonly findProvider: (name: string) => Promise<ProviderInstance>;
  /** Receives the outcome of each probe. */
  readonly values: Pick<ValueCache, 'reportProbe'>;
}

/** The results of a provider's probe. */
export interface ProbeAnswers {
  /** One for each ref, in the same order. */
  readonly results: readonly ProbeResult[];
  /** What the operator can change so that probes work; `null` if nothing, `undefined` if no probe was made. */
  readonly problem: string | null | undefined;
}

/**
 * Probes all refs of a provider, within 10 s plus 50 ms for each ref. If the provider can't be asked, the results are
 * `failed`. Rejects only when aborted.
 *
 * @param onStart is called when the probe starts. It is not called if the provider has none, or can't be asked.
 */
export async function runProbe(
  { clock, provider, findProvider, values }: ProbePorts,
  refs: readonly SecretRef[],
  signal: AbortSignal,
  onStart: (probe: ChangeProbe) => void = () => undefined,
): Promise<ProbeAnswers> {
  const tell = (outcome: ProbeOutcome | null) => {
    if (outcome !== null && refs[0] !== undefined) values.reportProbe(refs[0], outcome);
  };
  try {
    const answers = await withDeadline(clock, DEADLINE_MS + refs.length * PROBE_MS, signal, async (cut) => {
      const { probe } = await findProvider(provider);
      cut.throwIfAborted();
      if (probe === null) return null;
      onStart(probe);
      return await probe.probe(refs, { signal: cut });
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

/** One answer proves that the provider is reachable. If only a read can tell, a probe proves nothing. */
function outcomeOf(results: readonly ProbeResult[]): ProbeOutcome | null {
  const errors = results.flatMap((result) => (result.kind === 'failed' ? [result.error] : []));
  if (results.some(({ kind }) => kind === 'marker') || errors.some(({ isOutage }) => !isOutage)) return 'answered';
  if (errors.some(({ code }) => code === 'UNAVAILABLE')) return 'unavailable';
  return errors.some(({ code }) => code === 'UNAUTHENTICATED') ? 'login-refused' : null;
}

/** The first problem of the results; `null` if there is none. */
export function problemIn(results: readonly ProbeResult[]): string | null {
  for (const result of results) if ('problem' in result && result.problem !== undefined) return result.problem;
  return null;
}
