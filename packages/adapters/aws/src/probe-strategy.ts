/** The strategies to read the versions of secrets: one call for each, for a hundred, or for twenty. */
export type ProbeStrategy = 'describe' | 'list' | 'batch';

const LIST_PAGE = 100;
const BATCH = 20;
/** Batch reads return values and appear as reads in the account's trail, so they must save more calls than this. */
const BATCH_AT_LEAST = 5;

/** What is known about the strategies. */
export interface StrategyFacts {
  /** The number of requested secrets. */
  readonly count: number;
  /** How many calls the last list took; `undefined` if it was not tried lately. */
  readonly listPages: number | undefined;
  /** Strategies that are not to be tried: denied, or tried already. */
  readonly without: ReadonlySet<ProbeStrategy>;
}

/** How many calls a strategy takes, as far as known. The estimate for batches is slightly too high. */
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

/**
 * The strategy with the fewest calls. Among equals, the one with the newest data, then the one that reads no values.
 */
export function cheapestStrategy({ without, ...facts }: StrategyFacts): ProbeStrategy | undefined {
  const strategies = (['describe', 'list', 'batch'] as const).filter((way) => !without.has(way));
  return strategies.reduce<ProbeStrategy | undefined>(
    (best, way) => (best === undefined || callsOf(way, facts) < callsOf(best, facts) ? way : best),
    undefined,
  );
}
