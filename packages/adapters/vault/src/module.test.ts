import { describeModuleContract } from '@vault-swarm/provider-contract';

import { openbaoModule, vaultModule } from './module.ts';

/** One environment for each way to log in. */
function environments(prefix: string) {
  const common = { [`${prefix}_ADDR`]: 'https://vault.example:8200' };
  const withSettings = (settings: Readonly<Record<string, string>>) => ({
    ...common,
    ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [`${prefix}_${name}`, value])),
  });
  const methods = ['approle', 'jwt', 'userpass', 'ldap', 'aws'].map((method) =>
    withSettings({
      AUTH_METHOD: method,
      ...(method === 'approle' ? { ROLE_ID: 'swarm', SECRET_ID: 'id' } : {}),
      ...(method === 'jwt' ? { JWT: 'token' } : {}),
      ...(['userpass', 'ldap'].includes(method) ? { USERNAME: 'swarm', PASSWORD: 'password' } : {}),
    }),
  );
  return [withSettings({ TOKEN: 'root' }), ...methods] as const;
}

describeModuleContract(vaultModule, { environments: environments('VAULT') });
describeModuleContract(openbaoModule, { environments: environments('OPENBAO') });
