import type { Postgres } from '../servers/postgres.ts';
import type { Vault } from '../servers/vault.ts';

/** The token role through which plugins create holders by default. */
const TOKEN_ROLE = 'vault-swarm';

/** Sends a request to Vault that must succeed. Resolves to the body's `data`. */
export async function configureVault(vault: Vault, method: string, path: string, body?: object): Promise<unknown> {
  const { status, text, body: answer } = await vault.request(method, path, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
  return (answer as { readonly data?: unknown } | undefined)?.data;
}

/** Lets holders be created that live for `periodS` seconds unless they are renewed, and request these paths. */
export async function allowHolders(
  vault: Vault,
  { paths, periodS }: { readonly paths: readonly string[]; readonly periodS: number },
): Promise<void> {
  const policy = paths.map((path) => `path "${path}" { capabilities = ["read", "update"] }`).join('\n');
  await configureVault(vault, 'PUT', 'sys/policies/acl/holders', { policy });
  await configureVault(vault, 'POST', `auth/token/roles/${TOKEN_ROLE}`, {
    orphan: true,
    token_period: `${periodS}s`,
    allowed_policies: ['holders'],
  });
}

/** A query that only a user may make whom Vault has created and not removed. */
export const SHOP_QUERY = 'SELECT count(*) FROM stock';

/** Creates the role `database/creds/shop`, which makes users of PostgreSQL for {@link SHOP_QUERY}. */
export async function createDatabaseRole(
  vault: Vault,
  { postgres, ttlS, maxTtlS }: { readonly postgres: Postgres; readonly ttlS: number; readonly maxTtlS: number },
): Promise<void> {
  await postgres.query('CREATE TABLE stock (item text)');
  await configureVault(vault, 'POST', 'sys/mounts/database', { type: 'database' });
  await configureVault(vault, 'POST', 'database/config/app', {
    plugin_name: 'postgresql-database-plugin',
    allowed_roles: ['*'],
    connection_url: postgres.vaultUrl,
    username: postgres.root.user,
    password: postgres.root.password,
  });
  await configureVault(vault, 'POST', 'database/roles/shop', {
    db_name: 'app',
    default_ttl: `${ttlS}s`,
    max_ttl: `${maxTtlS}s`,
    creation_statements: [
      `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`,
      'GRANT SELECT ON stock TO "{{name}}"',
    ],
  });
}

/**
 * Creates a CA, and two roles for names below `example`: Vault keeps a lease only of what `pki/issue/leased` issues, and none of
 * what `pki/issue/web` does. Resolves to the certificate of the CA.
 */
export async function createCertificateRoles(vault: Vault): Promise<string> {
  await configureVault(vault, 'POST', 'sys/mounts/pki', { type: 'pki' });
  await configureVault(vault, 'POST', 'pki/root/generate/internal', { common_name: 'ca', ttl: '24h' });
  for (const [name, generatesLease] of [
    ['web', false],
    ['leased', true],
  ] as const)
    await configureVault(vault, 'POST', `pki/roles/${name}`, {
      allowed_domains: ['example'],
      allow_subdomains: true,
      max_ttl: '2h',
      generate_lease: generatesLease,
    });
  const ca = await configureVault(vault, 'GET', 'pki/cert/ca');
  return (ca as { readonly certificate: string }).certificate;
}
