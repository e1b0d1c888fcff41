import type { EventRecord } from '@vault-swarm/metrics';
import type { LoggingConfig } from './config.ts';

// Control characters (line breaks, terminal sequences), line separators, and characters that reverse the text
// direction. Names come from users and must not forge a line or hide a part of it.
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Formats the event as one line without a line break at the end: JSON or readable text. */
export function logLine(record: EventRecord, format: LoggingConfig['format']): string {
  if (format === 'json') return escapeUnprintable(JSON.stringify(record));
  return escapeUnprintable(`${record.time} ${record.level.padEnd(5)} ${record.event}: ${record.message}`);
}

function escapeUnprintable(line: string): string {
  return line.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
