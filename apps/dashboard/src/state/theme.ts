import { signal } from '@preact/signals';

/** `auto`: the setting of the operator's system. */
export const themes = ['auto', 'light', 'dark'] as const;

/** One of {@link themes}. */
export type Theme = (typeof themes)[number];

const KEY = 'vault-swarm.theme';

/** The theme that the user chose; stored in the browser. */
export const theme = signal<Theme>('auto');

/** Restores the stored theme, and follows the signal. */
export function startTheme(): void {
  theme.value = themes.find((name) => name === localStorage.getItem(KEY)) ?? 'auto';
  theme.subscribe((name) => {
    document.documentElement.dataset.theme = name;
    localStorage.setItem(KEY, name);
  });
}
