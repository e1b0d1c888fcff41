// Formats figures and names. Pure functions of their arguments; nothing here reads a clock.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const twoDigits = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });

/** `12 s`, `5 min`, `3 h`, `2 d`: the largest unit that fits, rounded down. */
export function formatAge(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${whole.format(Math.floor(seconds / 86_400))} d`;
}

/** A duration in its two largest units: `3 d 4 h`, `4 h 12 min`, `12 min`, `40 s`. */
export function formatUptime(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days > 0) return `${whole.format(days)} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.floor(seconds)} s`;
}

/** `0.4 ms`, `23 ms`, `1.2 s`; a dash if there is none. */
export function formatMs(ms: number | null): string {
  if (ms === null) return '–';
  if (ms >= 1000) return `${oneDigit.format(ms / 1000)} s`;
  return `${ms < 10 ? oneDigit.format(ms) : whole.format(ms)} ms`;
}

/** `512 B`, `4.2 KiB`, `46.5 MiB`, `1.3 GiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${whole.format(bytes)} B`;
  const units = ['KiB', 'MiB', 'GiB'];
  let amount = bytes / 1024;
  let unit = 0;
  for (; amount >= 1024 && unit < units.length - 1; unit++) amount /= 1024;
  return `${oneDigit.format(amount)} ${units[unit]}`;
}

/** `1,204`. */
export function formatCount(count: number): string {
  return whole.format(count);
}

/** `4.76 %`; a dash if there is none. */
export function formatPercent(percent: number | null): string {
  return percent === null ? '–' : `${twoDigits.format(percent)} %`;
}

/** `1 task`, `1,204 tasks`. */
export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `a`, `a and b`, `a, b and c`, `a, b and 3 more`: at most `most` names. */
export function listed(names: readonly string[], most = 4): string {
  if (names.length <= 1) return names.join('');
  if (names.length > most) return `${names.slice(0, most - 1).join(', ')} and ${names.length - most + 1} more`;
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** A time by the operator's own clock, with the date, to the second. */
export function formatMoment(time: string): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** `14:03:27`, or with the day if it is not that of `nowMs`: `1 Mar, 14:03`. By the operator's own clock. */
export function formatWhen(timeMs: number, nowMs: number): string {
  const time = new Date(timeMs);
  if (time.toDateString() === new Date(nowMs).toDateString()) return formatTimeOfDay(timeMs);
  return time.toLocaleString('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
}

/** `14:03:27`, by the operator's own clock. */
export function formatTimeOfDay(timeMs: number): string {
  return new Date(timeMs).toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
}

// Names come from users. Characters that reverse the text direction or are invisible are shown as their code.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Makes hidden and direction-changing characters of a text visible. */
export function visible(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
