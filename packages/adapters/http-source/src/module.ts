import type { ProviderModule } from '@vault-swarm/provider';
import { type HttpConfig, parseHttpConfig } from './config.ts';
import { httpLabelScheme } from './labels.ts';
import { httpSettingsSchema } from './settings-schema.ts';

export {
  type HttpConfig,
  type HttpHeader,
  type HttpTls,
  type Placeholder,
  type ProbeMethod,
  parseHttpConfig,
  type RevisionSource,
  type ValueSelection,
} from './config.ts';
export { httpLabelScheme } from './labels.ts';
export type { PathTemplate } from './path-template.ts';

/** Any HTTP API that returns secrets. */
export const httpModule: ProviderModule<HttpConfig> = {
  kind: 'http',
  variables: { settings: [], credentials: [], defaults: {}, ownPrefix: null, libraryFiles: [] },
  nestedSettings: { schema: httpSettingsSchema },
  price: null,
  labels: httpLabelScheme,
  parseConfig: (environment, { readFile }) => parseHttpConfig(environment, readFile),
  usesTls: ({ url }) => url.startsWith('https:'),
  async load(config, tools) {
    const { createHttpProvider } = await import('./provider.ts');
    return createHttpProvider(config, tools);
  },
};
