import {
  displayMessage,
  type EventDescription,
  type NamedEvent,
  type Repetition,
  type Severity,
  type Timed,
} from '@vault-swarm/kernel';

/** An event as JSON, for the log and for programs. */
export interface EventRecord {
  /** RFC 3339, with milliseconds. */
  readonly time: string;
  readonly level: Severity;
  readonly event: string;
  /** The result of {@link EventCatalog.describe}. */
  readonly message: string;
  /** The event's own message, if it has one. Its other fields are separate, under names such as `duration_ms`. */
  readonly detail?: string;
  readonly [field: string]: unknown;
}

/**
 * The descriptions of all events: core's and the adapters'. An event without a description has the severity `warn` and
 * is described by its type.
 */
export class EventCatalog {
  readonly #descriptions: ReadonlyMap<string, EventDescription<never>>;

  /** @param parts the descriptions of each module that declares events, by type. */
  constructor(...parts: readonly Readonly<Record<string, EventDescription<never>>>[]) {
    this.#descriptions = new Map(parts.flatMap((part) => Object.entries(part)));
  }

  /** The severity of events of this type. */
  severityOf(type: string): Severity {
    return this.#descriptions.get(type)?.severity ?? 'warn';
  }

  /** Describes the event in a sentence, in lower case and without a full stop. It is limited as by `displayMessage`. */
  describe<E extends NamedEvent>(event: E): string {
    const description = this.#descriptions.get(event.type);
    // TypeScript can't infer that the description found by an event's type accepts that event.
    return displayMessage(description === undefined ? event.type : description.sentence(event as unknown as never));
  }

  /** What makes the event the same as others; `null` if each one is to be reported. */
  repetitionOf(event: NamedEvent): Repetition | null {
    return this.#descriptions.get(event.type)?.repetition?.(event as never) ?? null;
  }

  /** The event with all its fields, except those that are `undefined`. */
  record(event: Timed<NamedEvent>): EventRecord {
    const { type, atMs, ...fields } = event;
    const own = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name === 'message' ? 'detail' : snakeCase(name), rounded(value)]);
    return {
      time: new Date(atMs).toISOString(),
      level: this.severityOf(type),
      event: type,
      message: this.describe(event),
      ...Object.fromEntries(own),
    };
  }
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function rounded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
  }
  return Object.fromEntries(Object.entries(value).map(plain));
}

/** A field in the API's format: a time of `…AtMs` is RFC 3339. */
function plain([name, value]: readonly [string, unknown]): readonly [string, unknown] {
  const isTime = name.endsWith('AtMs') && typeof value === 'number';
  return isTime ? [snakeCase(name.slice(0, -2)), new Date(value).toISOString()] : [snakeCase(name), rounded(value)];
}
