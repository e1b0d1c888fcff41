import type { ProviderModule } from '@vault-swarm/provider';
import { type FileConfig, fileLabelScheme, parseFileConfig } from './config.ts';

export { type FileConfig, fileLabelScheme, parseFileConfig } from './config.ts';
export { type InspectedPath, type InspectPath, inspectPath, type PathStep } from './inspect-path.ts';
export { ownFileProblem } from './own-files.ts';

/** Files in a directory. */
export const fileModule: ProviderModule<FileConfig> = {
  kind: 'file',
  // Other programs also have variables that start with FILE_.
  variables: {
    settings: ['FILE_SECRETS_DIR'],
    credentials: [],
    defaults: { FILE_SECRETS_DIR: '/run/vault-swarm/secrets' },
    ownPrefix: null,
    libraryFiles: [],
  },
  price: null,
  labels: () => fileLabelScheme,
  parseConfig: parseFileConfig,
  usesTls: () => false,
  async load(config, tools) {
    const { createFileProvider } = await import('./adapter.ts');
    return createFileProvider(config, tools);
  },
};
