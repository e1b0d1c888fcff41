import { describeModuleContract } from '@vault-swarm/provider-contract';
import { gcpModule } from './module.ts';

const account = JSON.stringify({ type: 'service_account', client_email: 'a@b.example', private_key: 'x' });

describeModuleContract(gcpModule, {
  environments: [
    {},
    { GCP_PROJECT_ID: 'my-project', GCP_ENDPOINT: 'http://127.0.0.1:8080', GCE_METADATA_HOST: '127.0.0.1:8080' },
    { GOOGLE_CLOUD_PROJECT: 'example.com:my-project', GCP_MAX_CALLS_PER_HOUR: '100' },
    { GCP_PROJECT_ID: '123456789012', GCP_CREDENTIALS_JSON: account },
  ],
});
