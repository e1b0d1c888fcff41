/** The ways to learn the versions of secrets: one call for each, one for a hundred, one for twenty. */
export type ProbeStrategy = 'describe' | 'list' | 'batch';

const LIST_PAGE = 100;
const BATCH = 20;
/** Reading values, which is recorded in the account's trail as such, is worth it only where it spares more calls than these. */
const BATCH_AT_LEAST = 5;

/** What is known of the ways. */
export interface StrategyFacts {
  /** How many secrets are asked about. */
  readonly count: number;
  /** How many calls the list took the last time; `undefined`: it was not tried lately. */
  readonly listPages: number | undefined;
  /** Those that are not to be tried: refused, or tried already. */
  readonly without: ReadonlySet<ProbeStrategy>;
}

/** How many calls a way takes, as far as it is known. Of batches, a little more than they do. */
export function callsOf(way: ProbeStrategy, { count, listPages }: Omit<StrategyFacts, 'without'>): number {
  switch (way) {
    case 'describe':
      return count;
    case 'list':
      return listPages ?? Math.ceil(count / LIST_PAGE);
    case 'batch':
      return Math.max(BATCH_AT_LEAST, Math.ceil(count / BATCH));
  }
}

/** The way with the fewest calls; of equals the one that is up to date, and then the one that reads no values. */
export function cheapestStrategy({ without, ...facts }: StrategyFacts): ProbeStrategy | undefined {
  const strategies = (['describe', 'list', 'batch'] as const).filter((way) => !without.has(way));
  return strategies.reduce<ProbeStrategy | undefined>(
    (best, way) => (best === undefined || callsOf(way, facts) < callsOf(best, facts) ? way : best),
    undefined,
  );
}
