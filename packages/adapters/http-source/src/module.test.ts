import { describeModuleContract } from '@vault-swarm/provider-contract';
import { httpModule } from './module.ts';

describeModuleContract(httpModule, {
  environments: [{ url: 'https://secrets.example', path: '/v1/{name}', 'placeholders.name.pattern': '[a-z]+' }],
});
