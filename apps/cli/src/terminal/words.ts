import { displayText } from '@vault-swarm/kernel';

/** `1 secret`, `2 secrets`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${grouped(number)} ${number === 1 ? one : many}`;
}

/** A whole number with its digits in groups of three: `12,345`. */
export function grouped(number: number): string {
  return number.toLocaleString('en-US');
}

/** How long it takes or took, in at most two units: `850 ms`, `12 s`, `3 min 5 s`, `2 h`, `4 d 3 h`. */
export function span(durationMs: number): string {
  if (durationMs < 1000) return `${Math.max(0, Math.round(durationMs))} ms`;
  const seconds = Math.floor(durationMs / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  if (seconds < 86_400) return two(Math.floor(seconds / 3600), 'h', Math.floor(seconds / 60) % 60, 'min');
  return two(Math.floor(seconds / 86_400), 'd', Math.floor(seconds / 3600) % 24, 'h');
}

/** How long ago a moment of the plugin's is, as `12 s ago`; `otherwise` where there is none. */
export function ago(time: string | null, nowMs: number, otherwise: string): string {
  return time === null ? otherwise : `${span(Math.max(1000, nowMs - Date.parse(time)))} ago`;
}

/** Binary units: `12.3 MiB`. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}

/** The names with commas, after `most` of them how many more there are. */
export function names(list: readonly string[], most = 8): string {
  const shown = list.slice(0, most).map(displayText).join(', ');
  return list.length > most ? `${shown} and ${grouped(list.length - most)} more` : shown;
}

function two(larger: number, largerUnit: string, smaller: number, smallerUnit: string): string {
  return smaller === 0 ? `${larger} ${largerUnit}` : `${larger} ${largerUnit} ${smaller} ${smallerUnit}`;
}
