import { signal } from '@preact/signals';

/** `auto`: as the operator's system says. */
export const themes = ['auto', 'light', 'dark'] as const;

/** One of {@link themes}. */
export type Theme = (typeof themes)[number];

const KEY = 'vault-swarm.theme';

/** The theme that the user chose; kept by the browser. */
export const theme = signal<Theme>('auto');

/** Takes up what was chosen before, and follows the signal. */
export function startTheme(): void {
  theme.value = themes.find((name) => name === localStorage.getItem(KEY)) ?? 'auto';
  theme.subscribe((name) => {
    document.documentElement.dataset.theme = name;
    localStorage.setItem(KEY, name);
  });
}
