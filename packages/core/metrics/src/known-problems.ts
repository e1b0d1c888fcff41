import { outageTexts, type Problem, type ProblemContext, problem, rankedProblems } from '@vault-swarm/provider';
import type { ProviderSummary } from './provider-stats.ts';

/** The sources of the list of problems. */
export interface ProblemSources {
  /** The problems that the rotation found. */
  readonly rotation: readonly Problem[];
  readonly providers: readonly ProviderSummary[];
  readonly tickerHealthy: boolean;
  /** For the texts of problems that the rotation can't find. */
  readonly orchestrator?: Pick<ProblemContext, 'orchestrator' | 'advice'>;
}

/**
 * All problems: those that the rotation found, and those that it can't find. The rotation checks only providers whose
 * secrets are in use, and only while the orchestrator answers. A request that hangs has not failed yet.
 */
export function knownProblems({
  rotation,
  providers,
  tickerHealthy,
  orchestrator,
}: ProblemSources): readonly Problem[] {
  const reported = new Set(rotation.flatMap(({ provider }) => provider ?? []));
  const isExplained = rotation.some(
    ({ code }) => code === 'ORCHESTRATOR_UNAVAILABLE' || code === 'ORCHESTRATOR_ACCESS_DENIED',
  );
  return rankedProblems([
    ...(tickerHealthy || isExplained ? [] : [problem('RECONCILE_STALLED', stalled(orchestrator), orchestrator)]),
    ...rotation,
    ...providers.flatMap((provider) => (reported.has(provider.name) ? [] : problemsOf(provider))),
    ...providers.flatMap(loginProblemOf),
  ]);
}

function stalled({ orchestrator = 'the orchestrator' }: Pick<ProblemContext, 'orchestrator'> = {}): string {
  return `${orchestrator} does not answer a request, or a pass takes too long; and nothing is rotated`;
}

function problemsOf({ name, state, lastError }: ProviderSummary): readonly Problem[] {
  if (state !== 'failing' && state !== 'circuit-open') return [];
  const message = lastError?.message ?? 'it is not called until a probe is answered';
  const texts = outageTexts(lastError?.code ?? 'UNAVAILABLE', true);
  return [problem('PROVIDER_UNAVAILABLE', `${name}: ${message}`, { provider: name, ...texts })];
}

function loginProblemOf({ name, loginProblem }: ProviderSummary): readonly Problem[] {
  return loginProblem === null
    ? []
    : [problem('PROVIDER_LOGIN_EXPIRING', `${name}: ${loginProblem}`, { subject: name })];
}
