import { describeModuleContract } from '@vault-swarm/provider-contract';
import { fileModule } from './module.ts';

describeModuleContract(fileModule, { environments: [{ FILE_SECRETS_DIR: '/run/vault-swarm/secrets' }] });
