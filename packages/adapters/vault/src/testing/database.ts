import type { Postgres } from '@vault-swarm/lab';
import type { VaultAdmin } from './vault-admin.ts';

/** Mounts the database engine at `database/`, with a connection `app` to this PostgreSQL. */
export async function connectDatabase(admin: VaultAdmin, { vaultUrl, root }: Postgres): Promise<void> {
  await admin.send('POST', 'sys/mounts/database', { type: 'database' });
  await admin.send('POST', 'database/config/app', {
    plugin_name: 'postgresql-database-plugin',
    allowed_roles: ['*'],
    connection_url: vaultUrl,
    username: root.user,
    password: root.password,
  });
}

/** Creates a role that makes users of PostgreSQL, in the mount `database` or another. */
export async function createDynamicRole(
  admin: VaultAdmin,
  name: string,
  { mount = 'database', ttl, maxTtl }: { readonly mount?: string; readonly ttl: string; readonly maxTtl: string },
): Promise<void> {
  await admin.send('POST', `${mount}/roles/${name}`, {
    db_name: 'app',
    creation_statements: [`CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`],
    default_ttl: ttl,
    max_ttl: maxTtl,
  });
}
