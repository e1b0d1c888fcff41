import { type Kind, PROCESS_KINDS } from './kinds.ts';

const SLOW: readonly Kind[] = [
  'slow calls',
  'hanging calls',
  'failing calls',
  'provider outage',
  'provider hangs',
  'provider slow',
];
const APART: readonly Kind[] = [
  'partition',
  'leader change',
  'two leaders',
  'crash',
  'crash at a call',
  'restart',
  'unknown outcome',
];
/** An older value counts again only after a minute, and a read that lags is repeated. */
const OF_REPLICAS: readonly Kind[] = ['replica lags', 'snapshot restored'];
const LONGER_MS = 120_000;

/** The part of a run that says what goes wrong in it. */
interface Kinds {
  readonly kinds: ReadonlySet<Kind>;
}

/** Whether calls or passes take time, or answers are lost, so that a plugin may act on what was true before. */
export function isSlow({ kinds }: Kinds): boolean {
  return [...SLOW, ...APART, ...PROCESS_KINDS].some((kind) => kinds.has(kind));
}

/**
 * How much longer things may take in a history than they should, by what goes wrong in it: milliseconds.
 *
 * @param of only of calls, whatever the provider's replicas give.
 */
export function timeSlackMs({ kinds }: Kinds, of: 'all' | 'calls' = 'all'): number {
  const longerFor = (some: readonly Kind[]) => (some.some((kind) => kinds.has(kind)) ? LONGER_MS : 0);
  return longerFor(SLOW) + longerFor(APART) + (of === 'all' ? longerFor(OF_REPLICAS) : 0);
}
