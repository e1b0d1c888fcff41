export {
  type DeliveredRevision,
  Delivery,
  type DeliveryLimits,
  type FindProvider,
  type RecordDelivery,
} from './delivery.ts';
export type { SecretAnswer, SecretRequest, SecretSource } from './request.ts';
export type { ChoiceRequest, ChosenRevision, RevisionChoice } from './revision-choice.ts';
export { type CurrentRevision, type MemoryLimits, RevisionMemory } from './revision-memory.ts';
