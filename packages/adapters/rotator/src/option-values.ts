import { formatDuration, parseDuration, quoted } from '@vault-swarm/kernel';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** @throws {TypeError} if the value of the option is not a positive integer. */
export function positiveInteger(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new TypeError(`${name} must be a positive integer, not ${quoted(String(value))}`);
}

/** The option in milliseconds. @throws {TypeError} if `text` is not a duration between `minMs` and one day. */
export function durationOption(name: string, text: string, minMs: number): number {
  const ms = parseDuration(text);
  if (ms !== null && ms >= minMs && ms <= DAY_MS) return ms;
  throw new TypeError(
    `${name} must be a duration from ${formatDuration(minMs)} to 24h, such as 10s or 1m30s, not ${quoted(text)}`,
  );
}
