import type { NamedEvent } from './events.ts';

/** The severities of events, the most important first. */
export const severities = ['error', 'warn', 'info', 'debug'] as const;

/** One of {@link severities}. */
export type Severity = (typeof severities)[number];

/** What makes events that can occur ten thousand times the same event. */
export interface Repetition {
  /** Few values, all known before. */
  readonly kind: readonly (string | number)[];
  /** Names that make it more exact. Readers may leave them out, since there can be any number of them. */
  readonly names?: readonly (string | undefined)[];
}

/** How events of one type are presented to people. */
export interface EventDescription<E extends NamedEvent> {
  readonly severity: Severity;
  /** In lower case and without a full stop. It may have any length: readers limit it. */
  sentence(event: E): string;
  /** Only for events that can occur ten thousand times in a storm: equal ones are reported once, and then counted. */
  repetition?(event: E): Repetition;
}

/** A description for each type of `E`. The module that declares events exports one of these. */
export type EventDescriptions<E extends NamedEvent> = {
  readonly [T in E['type']]: EventDescription<Extract<E, { readonly type: T }>>;
};

/** Counts events of `E` by result, as a metric with the label `result`. */
export interface EventCounter<E extends NamedEvent> {
  /** Without the product's prefix, such as `hook_requests_total`. */
  readonly name: string;
  readonly help: string;
  /** All results. Each exists from the start, with 0. */
  readonly results: readonly string[];
  /** The result that the event adds to; `null` for all other events. */
  resultOf(event: E): string | null;
}

/** The end of a sentence about a repeated event: `, 3 times more`; empty for a single one. */
export function timesMore(repetitions: number | undefined): string {
  if (repetitions === undefined) return '';
  return `, ${repetitions === 1 ? 'once' : `${repetitions} times`} more`;
}
