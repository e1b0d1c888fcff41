export type { AccessToken } from './access-tokens.ts';
export type { ConnectOptions } from './connections.ts';
export { type Exchanged, type ExchangeOptions, exchange } from './exchange.ts';
export { fieldAt, textAt } from './json-fields.ts';
export {
  type RestCall,
  RestClient,
  type RestClientOptions,
  type RestResponse,
} from './rest-client.ts';
export { dateOf, retryAfterMs } from './retry-after.ts';
export { type TokenCall, TokenClient, type TokenClientOptions } from './token-client.ts';
