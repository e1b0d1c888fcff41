import type { NamedEvent } from './events.ts';
import { displayMessage, displayText } from './foreign-text.ts';

/** The maximum length of a list of names in an event, in UTF-16 code units. */
const MAX_LIST = 4_000;

/** The maximum number of objects in a list. */
const MAX_OBJECTS = 20;

/**
 * Limits all text of an event, in place: messages as {@link displayMessage}, names as {@link displayText}, and lists of
 * names to 4,000 code units. A last entry says how many names are missing. So an event has at most about 8,000 code
 * units. The texts of objects in a list are limited as names are, and the list to 20 objects.
 */
export function boundEvent<E extends NamedEvent>(event: E): E {
  const fields = event as unknown as Record<string, unknown>;
  for (const name in fields) {
    const value = fields[name];
    if (typeof value === 'string') fields[name] = name === 'message' ? displayMessage(value) : displayText(value);
    else if (Array.isArray(value)) fields[name] = boundList(value);
  }
  return event;
}

function boundList(names: readonly unknown[]): readonly unknown[] {
  if (names.some((entry) => typeof entry === 'object')) return names.slice(0, MAX_OBJECTS).map(boundObject);
  const list: string[] = [];
  let length = 0;
  for (const name of names) {
    const shown = displayText(String(name));
    length += shown.length;
    if (length > MAX_LIST) return [...list, `and ${names.length - list.length} more`];
    list.push(shown);
  }
  return list;
}

function boundObject(entry: unknown): object {
  const fields = Object.entries(Object(entry) as object);
  return Object.fromEntries(
    fields.map(([name, value]) => [name, typeof value === 'string' ? displayText(value) : value]),
  );
}
