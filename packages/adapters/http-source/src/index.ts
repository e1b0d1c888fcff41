export { createHttpProvider, type HttpProviderOptions } from './provider.ts';
