import { describeModuleContract } from '@vault-swarm/provider-contract';
import { storeModule } from './module.ts';

describeModuleContract(storeModule, { environments: [{ STORE_ADDR: 'http://127.0.0.1:8300', STORE_TOKEN: 'first' }] });
