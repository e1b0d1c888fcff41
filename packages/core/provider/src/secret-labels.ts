import type { SecretRef } from './secret-ref.ts';

/** The labels of a Swarm secret. */
export type Labels = Readonly<Record<string, string>>;

/** Whether a rotation rolls the services that use a secret: by itself, on request, or never. */
export type RotateMode = 'auto' | 'manual' | 'off';

/** What the labels of a secret say. */
export interface SecretLabels {
  readonly ref: SecretRef;
  readonly rotate: RotateMode;
  /** Whether the service's name is part of the ref, so that each service has a ref of its own. */
  readonly isPerService: boolean;
}
