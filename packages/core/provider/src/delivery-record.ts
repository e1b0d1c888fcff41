import type { SecretValue } from './secret-value.ts';

/** What a task was given. An answer to a task that already runs changes nothing in its containers. */
export interface DeliveryRecord {
  readonly taskId: string | undefined;
  readonly secretName: string;
  readonly provider: string;
  readonly refKey: string;
  readonly revision: string;
  /** Lent for the call: it may be wiped afterwards. */
  readonly value: SecretValue;
}
