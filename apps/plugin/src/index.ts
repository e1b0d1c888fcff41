export { builtInProviders } from './providers.ts';
export { type PluginOptions, runPlugin } from './run-plugin.ts';
