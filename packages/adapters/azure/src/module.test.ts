import { describeModuleContract } from '@vault-swarm/provider-contract';
import { azureModule } from './module.ts';

const principal = { AZURE_TENANT_ID: 'contoso.example', AZURE_CLIENT_ID: '22222222-2222-4222-8222-222222222222' };

describeModuleContract(azureModule, {
  environments: [
    { AZURE_VAULT_URL: 'https://example.vault.azure.net' },
    { AZURE_VAULT_URL: 'https://example.vault.azure.net', ...principal, AZURE_CLIENT_SECRET: 'x' },
    { AZURE_VAULT_URL: 'https://example.vault.azure.cn', AZURE_MAX_CALLS_PER_HOUR: '100' },
    {
      AZURE_VAULT_URL: 'https://kv.example',
      AZURE_AUTHORITY_HOST: 'https://login.example',
      AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://127.0.0.1:1',
    },
  ],
});
