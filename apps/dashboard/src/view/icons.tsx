import type { HealthLevel } from '../state/health.ts';

// Each state has its own shape, so that the colour is not needed.
const SHAPES: Readonly<Record<HealthLevel, string>> = {
  good: 'M6.5 12.5l3.7 3.7 7.3-8',
  busy: 'M12 6.5v5.8l3.8 2.2',
  idle: 'M7 12h10',
  warn: 'M12 6.8v6.4M12 16.6v.2',
  bad: 'M8 8l8 8M16 8l-8 8',
};

/** The sign of a state. */
export function HealthSign({ level }: { readonly level: HealthLevel }) {
  return (
    <svg class="sign" viewBox="0 0 24 24" aria-hidden="true">
      <circle cx="12" cy="12" r="11" />
      <path d={SHAPES[level]} />
    </svg>
  );
}

/** The product's sign. */
export function Brand() {
  return (
    <svg class="brand" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M16 5.5l9 5.2v10.6l-9 5.2-9-5.2V10.7z" />
      <circle cx="16" cy="14" r="2.8" />
      <path d="M16 15v5.5" />
    </svg>
  );
}

/** Points right, or down if its row is open. */
export function Chevron() {
  return (
    <svg class="chevron" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M6 3.5L10.5 8 6 12.5" />
    </svg>
  );
}
