export { type GcpOptions, gcp } from './gcp.ts';
export { createGcpProvider, type GcpProviderOptions } from './provider.ts';
