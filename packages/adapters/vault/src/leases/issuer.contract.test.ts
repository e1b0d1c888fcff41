import { type Postgres, startPostgres, type TempDirectory, tempDirectory } from '@vault-swarm/lab';
import type { IssuedLease, SecretRef } from '@vault-swarm/provider';
import { describeLeaseContract, type LeaseHarness } from '@vault-swarm/provider-contract';
import { afterAll, beforeAll } from 'vitest';
import { providerOf } from '../testing/configured.ts';
import { connectDatabase } from '../testing/database.ts';
import { type RealVault, startRealOpenBao, startRealVault } from '../testing/real-vault.ts';

/** A server with a number for each role, so that no two checks meet. */
interface Server {
  readonly kind: 'vault' | 'openbao';
  real: RealVault;
  made: number;
}

const vault = { kind: 'vault', made: 0 } as Server;
const openbao = { kind: 'openbao', made: 0 } as Server;
let directory: TempDirectory;
let postgres: Postgres;

beforeAll(async () => {
  directory = tempDirectory();
  [vault.real, openbao.real, postgres] = await Promise.all([
    startRealVault(),
    startRealOpenBao(),
    startPostgres({ dir: directory.path }),
  ]);
  await postgres.query('CREATE TABLE created (name text)');
  for (const { real } of [vault, openbao]) await connectDatabase(real.admin, postgres);
});
afterAll(async () => {
  await vault.real?.stop();
  await openbao.real?.stop();
  await postgres?.stop();
  await directory.remove();
});

/** A role of the database engine, and a login and a token role whose policies allow just it. */
async function harnessOn(server: Server): Promise<LeaseHarness> {
  const { kind, real } = server;
  const { admin } = real;
  // Part of the names of the users that the role creates.
  const role = `${kind.charAt(0)}${++server.made}`;
  await admin.send('POST', `database/roles/${role}`, {
    db_name: 'app',
    creation_statements: [
      `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`,
      "INSERT INTO created VALUES ('{{name}}')",
    ],
    default_ttl: '1m',
    max_ttl: '90s',
  });
  const rule = (path: string, capability: string) => `path "${path}" { capabilities = ["${capability}"] }\n`;
  await admin.policy(`issue-${role}`, rule(`database/creds/${role}`, 'read') + rule('database/creds/none', 'read'));
  const ofLogin = [`auth/token/create/${role}`, 'auth/token/renew-accessor', 'auth/token/revoke-accessor'];
  const ofLeases = ['sys/leases/renew', 'sys/leases/revoke'];
  await admin.policy(`login-${role}`, [...ofLogin, ...ofLeases].map((path) => rule(path, 'update')).join(''));
  const tokenRole = { orphan: true, token_period: '1h', allowed_policies: [`issue-${role}`] };
  await admin.send('POST', `auth/token/roles/${role}`, tokenRole);
  const logins: string[] = [];
  const ref = (path: string): SecretRef => ({
    provider: kind,
    location: { mount: 'database', path },
    encoding: 'raw',
    lease: { params: null, settleMs: 0 },
  });
  const nameOf = ({ payload }: IssuedLease) => (payload.kind === 'fields' ? String(payload.fields.username) : '');
  return {
    async open() {
      const prefix = kind.toUpperCase();
      const token = await admin.token(`login-${role}`);
      logins.push(token);
      return providerOf({
        [`${prefix}_ADDR`]: real.address,
        [`${prefix}_TOKEN`]: token,
        [`${prefix}_LEASE_TOKEN_ROLE`]: role,
      });
    },
    ref: ref(`creds/${role}`),
    missing: ref('creds/none'),
    denied: ref('creds/denied'),
    maxLeaseMs: 90_000,
    nameOf,
    existing: async () =>
      new Set(await postgres.query(`SELECT rolname FROM pg_roles WHERE rolname LIKE '%-${role}-%'`)),
    created: async () => (await postgres.query(`SELECT name FROM created WHERE name LIKE '%-${role}-%'`)).length,
    async endLogins() {
      for (const token of logins.splice(0)) await admin.revoke(token);
    },
    deletedWithinMs: 30_000,
    tearDown: async () => undefined,
  };
}

describeLeaseContract('vault with PostgreSQL', () => harnessOn(vault));
describeLeaseContract('openbao with PostgreSQL', () => harnessOn(openbao));
