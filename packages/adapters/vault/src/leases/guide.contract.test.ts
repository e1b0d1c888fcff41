import { execFile } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { findOpenBao, type Postgres, startPostgres, type TempDirectory, tempDirectory } from '@vault-swarm/lab';
import { fillIn, openDocument } from '@vault-swarm/lab/documents';
import { readTextOf, soon } from '@vault-swarm/lab/provider-calls';
import { LabelReader, type ProviderInstance, type SecretRef, selectValue } from '@vault-swarm/provider';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { vaultLabelScheme } from '../labels.ts';
import { providerOf } from '../testing/configured.ts';
import { type RealVault, startRealVault } from '../testing/real-vault.ts';

const run = promisify(execFile);
const guide = openDocument('docs/guides/leases.md', import.meta.filename);

let directory: TempDirectory;
let postgres: Postgres;
let vault: RealVault;
let provider: ProviderInstance;

beforeAll(async () => {
  directory = tempDirectory();
  [vault, postgres] = await Promise.all([startRealVault(), startPostgres({ dir: join(directory.path, 'postgres') })]);
  // OpenBao's command is Vault's, and the small Vault has none.
  symlinkSync(await findOpenBao(), join(directory.path, 'vault'));
  await postgres.query("CREATE ROLE vault SUPERUSER LOGIN PASSWORD 'of vault'");
  await postgres.query('CREATE ROLE app LOGIN; CREATE ROLE readers');
});
afterAll(async () => {
  await provider?.close();
  await vault?.stop();
  await postgres?.stop();
  await directory.remove();
});

/** Runs the next commands of a section. */
async function runCommands(section: string, names: Readonly<Record<string, string>> = {}): Promise<void> {
  await run('sh', ['-ec', fillIn(guide.take(section, 'sh'), names)], {
    cwd: directory.path,
    env: {
      PATH: `${directory.path}:${process.env.PATH}`,
      HOME: directory.path,
      VAULT_ADDR: vault.address,
      VAULT_TOKEN: vault.token,
    },
  });
}

/** The refs of the secrets in the next stack of a section, by their names. */
function refsOf(section: string): Readonly<Record<string, SecretRef>> {
  const reader = new LabelReader([{ name: 'vault', scheme: vaultLabelScheme({ mount: 'secret' }) }]);
  const [, ...secrets] = guide.take(section, 'yaml').split(/^ {2}(?=\w+:$)/m);
  return Object.fromEntries(
    secrets.map((text) => {
      const name = text.slice(0, text.indexOf(':'));
      const lines = [...text.matchAll(/^ {6}(\w+): '?(.*?)'?$/gm)];
      const labels = Object.fromEntries(lines.map(([, label = '', value = '']) => [label, value]));
      return [name, reader.read(labels, name, 'web').ref];
    }),
  );
}

/** The values of secrets that share one request. */
async function issue(refs: Readonly<Record<string, SecretRef>>): Promise<Readonly<Record<string, string>>> {
  const [first] = Object.values(refs);
  const holder = await provider.holders?.create({ service: 'web', generation: 1 }, soon());
  if (first === undefined || holder === undefined) throw new Error('nothing to issue');
  const issued = await provider.leases?.issue(first, holder, soon());
  if (issued === undefined) throw new Error('nothing was issued');
  const text = (ref: SecretRef) => Buffer.from(selectValue(issued.payload, ref).reveal()).toString();
  return Object.fromEntries(Object.entries(refs).map(([name, ref]) => [name, text(ref)]));
}

describe('the guide leads from an empty Vault to credentials that work', () => {
  test('with the least policies', async () => {
    await runCommands('The policies');
    const token = await vault.admin.token('swarm-holders');
    provider = providerOf({ VAULT_ADDR: vault.address, VAULT_TOKEN: token });
  });

  test('of a user that exists', async () => {
    await runCommands('Static roles', {
      'db.example:5432': `127.0.0.1:${postgres.port}`,
      'sslmode=verify-full': 'sslmode=disable',
      VAULTS_PASSWORD: "'of vault'",
    });
    const { db_password: fixed } = refsOf('Static roles');
    if (fixed === undefined) throw new Error('no secret of a static role');
    expect(await postgres.accepts({ user: 'app', password: await readTextOf(provider, fixed) })).toBe(true);
  });

  test('of a user of its own', async () => {
    await runCommands('Database');
    const { db_user: user = '', db_password: password = '' } = await issue(refsOf('Database'));
    expect(user).toMatch(/^v-/);
    expect(await postgres.accepts({ user, password })).toBe(true);
  });

  test('of a TLS server, and nothing of the guide is left out', async () => {
    await runCommands('PKI');
    const { tls: bundle = '' } = await issue(refsOf('PKI'));
    expect(() => createSecureContext({ key: bundle, cert: bundle })).not.toThrow();
    expect(guide.left()).toEqual([]);
  });
});
