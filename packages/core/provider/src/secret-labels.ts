import type { RotationWindow } from './rotation-window.ts';
import type { SecretRef } from './secret-ref.ts';

/** The labels of a secret. */
export type Labels = Readonly<Record<string, string>>;

/** When a rotation updates the services that use a secret: automatically, on request, or never. */
export type RotateMode = 'auto' | 'manual' | 'off';

/** When a rotation may start. */
export interface StartTimes {
  readonly window: RotationWindow;
  /** For how long a new value must be unchanged, in milliseconds. */
  readonly debounceMs: number;
}

/** The meaning of a secret's labels. */
export interface SecretLabels {
  readonly ref: SecretRef;
  readonly rotate: RotateMode;
  /** Whether the service's name is part of the ref, so that each service has its own ref. */
  readonly isPerService: boolean;
  /** Why the default path is read, if it is: see `explainDefaultPath`. */
  readonly defaultPathReason?: string;
  /** What the labels say about the start of rotations. The settings apply to the rest. */
  readonly startTimes?: Partial<StartTimes>;
}
