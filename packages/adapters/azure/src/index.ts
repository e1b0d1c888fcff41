export { type AzureOptions, azure } from './azure.ts';
export { type AzureProviderOptions, createAzureProvider } from './provider.ts';
