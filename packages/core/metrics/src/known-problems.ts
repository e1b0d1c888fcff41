import type { Problem } from '@vault-swarm/provider';
import type { ProviderSummary } from './provider-stats.ts';

/** Where what is wrong is seen. */
export interface ProblemSources {
  /** What the rotation found. */
  readonly rotation: readonly Problem[];
  readonly providers: readonly ProviderSummary[];
  readonly tickerHealthy: boolean;
}

/**
 * All that is wrong now: what the rotation found, and what it can't see. It looks only at providers whose secrets are in
 * use, and only while the orchestrator answers; and what hangs has not failed yet.
 */
export function knownProblems({ rotation, providers, tickerHealthy }: ProblemSources): readonly Problem[] {
  const unresponsive = rotation.flatMap((problem) => problem.unresponsive ?? []);
  const reported = new Set(unresponsive.flatMap((who) => (who.kind === 'provider' ? who.name : [])));
  const stopped = !tickerHealthy && !unresponsive.some(({ kind }) => kind === 'orchestrator');
  return [
    ...(stopped ? [STOPPED] : []),
    ...rotation,
    ...providers.flatMap((provider) => (reported.has(provider.name) ? [] : problemsOf(provider))),
    ...providers.flatMap(loginProblemOf),
  ];
}

const STOPPED: Problem = {
  summary: 'No pass of the rotation ends',
  detail:
    'No pass of the rotation ends: Docker leaves a question open, or a pass takes too long; see docker info, and the log',
};

function problemsOf({ name, state, lastError }: ProviderSummary): readonly Problem[] {
  if (state !== 'failing' && state !== 'circuit-open') return [];
  const summary = 'A provider does not answer';
  const message = lastError?.message ?? 'it is left alone until it does';
  return [{ summary, detail: `${summary}: ${name}: ${message}`, unresponsive: { kind: 'provider', name } }];
}

function loginProblemOf({ name, loginProblem }: ProviderSummary): readonly Problem[] {
  if (loginProblem === null) return [];
  const summary = 'The login to a provider works, and will not for long';
  return [{ summary, detail: `${summary}: ${name}: ${loginProblem}` }];
}
