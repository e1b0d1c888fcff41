import { span } from '../terminal/words.ts';
import { type Check, checked, type Finding, hint, skipped, wrong } from './finding.ts';

/** A clock, and how much it is ahead of this machine's, in milliseconds; negative where it is behind. */
export interface ClockReading {
  readonly name: string;
  readonly aheadMs: number;
  /** How far that may be off, in milliseconds: the answer took twice as long. */
  readonly errorMs: number;
}

/** What whole seconds make of clocks that agree. */
const TOLERANCE_MS = 5_000;
/** From here on the plugin may take a value that is older than a task for a newer one. */
const HARMFUL_MS = 30_000;

/** Whether the clocks of the plugin, the engine and the provider agree with this machine's and each other. */
export function checkClocks(readings: readonly ClockReading[]): Check {
  if (readings.length === 0) return skipped('clocks', 'no other clock could be read');
  const all = [{ name: 'this machine', aheadMs: 0, errorMs: 0 }, ...readings];
  const summary = `of ${all.map(({ name }) => name).join(', ')}`;
  const fastest = all.reduce((a, b) => (b.aheadMs - b.errorMs > a.aheadMs - a.errorMs ? b : a));
  const slowest = all.reduce((a, b) => (b.aheadMs + b.errorMs < a.aheadMs + a.errorMs ? b : a));
  const differenceMs = fastest.aheadMs - fastest.errorMs - (slowest.aheadMs + slowest.errorMs);
  if (differenceMs <= TOLERANCE_MS) return checked('clocks', `${summary} agree`);
  const find = differenceMs > HARMFUL_MS ? wrong : hint;
  const finding: Finding = find(
    `the clock of ${fastest.name} is ${span(differenceMs)} ahead of that of ${slowest.name}`,
    'Synchronize all machines by NTP: tokens, certificates and the order of values depend on it.',
  );
  return checked('clocks', summary, [finding]);
}
