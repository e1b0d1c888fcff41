import { type ReadonlySignal, signal } from '@preact/signals';

function matches(query: string): ReadonlySignal<boolean> {
  const list = matchMedia(query);
  const now = signal(list.matches);
  list.addEventListener('change', () => {
    now.value = list.matches;
  });
  return now;
}

/** Whether there is space for the log beside the lists. The style sheet uses the same width. */
export const isWide = matches('(min-width: 78rem)');

/** Whether the operator's system is dark: canvases then read their colours again. */
export const isDarkSystem = matches('(prefers-color-scheme: dark)');
