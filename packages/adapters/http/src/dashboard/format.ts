import { type Html, html } from './html.ts';

/** `12 s`, `5 min`, `3 h`, `2 d`. The dashboard's script writes them the same way. */
export function formatAge(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** `46.5 MiB`. */
export function formatBytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

/** How long ago a moment was, with the moment itself for who points at it; `otherwise` where there was none. */
export function ago(atMs: number | null, nowMs: number, otherwise: string): Html {
  if (atMs === null) return html`<span class="none">${otherwise}</span>`;
  const time = new Date(atMs).toISOString();
  return html`<time datetime="${time}" title="${time}" data-age>${formatAge(nowMs - atMs)}</time>`;
}

/** `1 task`, `2 tasks`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
