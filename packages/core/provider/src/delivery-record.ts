import type { SecretValue } from './secret-value.ts';

/** Which revision a task was given. An answer to a task that already runs does not change its containers. */
export interface DeliveryRecord {
  readonly taskId: string | undefined;
  readonly secretName: string;
  readonly provider: string;
  readonly refKey: string;
  readonly revision: string;
  /** Valid only during the call: it may be wiped afterwards. */
  readonly value: SecretValue;
}
