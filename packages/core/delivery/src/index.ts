export type { Failure } from './circuit-breaker.ts';
export {
  type DeliveredRevision,
  Delivery,
  type DeliveryLimits,
  type RecordDelivery,
} from './delivery.ts';
export type { FindProvider } from './provider-reads.ts';
export type { SecretAnswer, SecretRequest, SecretSource } from './request.ts';
export { type CurrentRevision, type MemoryLimits, RevisionMemory } from './revision-cache.ts';
export type { ChoiceRequest, ChosenRevision, RevisionChoice } from './revision-selection.ts';
