export type { Failure } from './circuit-breaker.ts';
export {
  Delivery,
  type DeliveryLimits,
  type DeliveryRecord,
  type RecordDelivery,
} from './delivery.ts';
export type { FindProvider } from './provider-reads.ts';
export type { SecretRequest, SecretResponse, SecretSource } from './request.ts';
export { type CacheLimits, type CurrentRevision, RevisionCache } from './revision-cache.ts';
export type { RevisionRequest, RevisionSelection, RevisionSelector } from './revision-selection.ts';
