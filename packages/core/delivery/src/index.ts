export {
  Delivery,
  type DeliveryLimits,
  type RecordDelivery,
} from './delivery.ts';
export { InFlightRequests } from './in-flight-requests.ts';
export type { FindProvider } from './provider-reads.ts';
export type { SecretRequest, SecretResponse, SecretSource } from './request.ts';
export type { CacheLimits } from './revision-cache.ts';
export { SecretCheck, type SecretCheckPorts } from './secret-check.ts';
