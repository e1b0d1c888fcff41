import { awsModule } from '@vault-swarm/aws/config';
import { azureModule } from '@vault-swarm/azure/config';
import { fileModule } from '@vault-swarm/file/config';
import { gcpModule } from '@vault-swarm/gcp/config';
import { httpModule } from '@vault-swarm/http-source/config';
import type { ProviderModule } from '@vault-swarm/provider';
import { openbaoModule, vaultModule } from '@vault-swarm/vault/config';

/** The kinds of provider that the plugin contains. The first is the default of `SECRETS_PROVIDER`. */
export const builtInProviders: readonly ProviderModule[] = [
  vaultModule,
  openbaoModule,
  awsModule,
  azureModule,
  gcpModule,
  fileModule,
  httpModule,
];
