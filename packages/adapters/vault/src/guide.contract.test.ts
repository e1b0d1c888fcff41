import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findOpenBao } from '@vault-swarm/lab';
import { fillIn, openDocument } from '@vault-swarm/lab/documents';
import { readTextOf } from '@vault-swarm/lab/provider-calls';
import { Environment } from '@vault-swarm/provider';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseVaultConfig } from './config.ts';
import { certificate } from './testing/certificate.ts';
import { providerOf, refTo } from './testing/configured.ts';
import { listenOn } from './testing/listening.ts';
import { type RealVault, startRealVault } from './testing/real-vault.ts';

const run = promisify(execFile);
const guide = openDocument('docs/guides/vault.md', import.meta.filename);
const methods = ['approle', 'approle with a wrapped secret id', 'jwt', 'userpass', 'ldap', 'cert', 'aws', 'token'];
/** The settings of each method, by its heading. */
const settings = new Map(
  methods.map((method) => {
    const lines = guide.take(method, 'ini').trim().split('\n');
    return [method, Object.fromEntries(lines.map((line) => line.split('=', 2)))] as const;
  }),
);
const settingsOf = (method: string): Readonly<Record<string, string>> => settings.get(method) ?? {};

let vault: RealVault;
let directory: string;
const { cert, key, remove } = certificate();
const keys = createServer((_request, response) => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: '1', alg: 'ES256' }] }));
});
let keysPort: number;

beforeAll(async () => {
  vault = await startRealVault();
  directory = mkdtempSync(join(tmpdir(), 'vault-guide-'));
  // OpenBao's command is Vault's, and the small Vault has none.
  symlinkSync(await findOpenBao(), join(directory, 'vault'));
  writeFileSync(join(directory, 'password'), 'a password');
  writeFileSync(join(directory, 'managers-ca.pem'), cert);
  keysPort = await listenOn(keys);
});
afterAll(async () => {
  keys.close();
  await vault?.stop();
  await remove();
  rmSync(directory, { recursive: true });
});

/** What the commands of a section print, all together: single fields come without the end of a line. */
async function runCommands(section: string, names: Readonly<Record<string, string>> = {}): Promise<string> {
  const commands = guide.take(section, 'sh').replaceAll('10.1.0.0/24', '127.0.0.1/32');
  const { stdout } = await run('sh', ['-ec', fillIn(commands, names)], {
    cwd: directory,
    env: {
      PATH: `${directory}:${process.env.PATH}`,
      HOME: directory,
      VAULT_ADDR: vault.address,
      VAULT_TOKEN: vault.token,
    },
  });
  return stdout.trim();
}

describe('the guide', () => {
  test('has settings for each method, and each is taken', () => {
    for (const method of methods) {
      const pem = (path: string) => (path.endsWith('.key') ? key : path.endsWith('.pem') ? cert : 'a-credential');
      const environment = new Environment(settingsOf(method), pem);
      parseVaultConfig(environment, pem, 'VAULT');
      expect(environment.problems, method).toEqual([]);
    }
  });

  test('has commands that a real Vault takes, and with them AppRole and userpass log in', async () => {
    await vault.admin.send('POST', 'secret/data/app/db', { data: { value: 'here' } });
    await runCommands('The policy');
    const printed = new Map<string, string>();
    for (const method of methods.filter((name) => name !== 'token')) {
      const names = method === 'jwt' ? { 'https://idp.example/keys': `http://127.0.0.1:${keysPort}` } : {};
      printed.set(method, await runCommands(method, names));
    }
    expect(guide.left()).toEqual([]);

    const [roleId, secretId] = printed.get('approle')?.match(/[0-9a-f]{8}-[0-9a-f-]{27}/g) ?? [];
    const wrappingToken = printed.get('approle with a wrapped secret id');
    for (const [section, given, credential] of [
      ['approle', { VAULT_ROLE_ID: roleId }, secretId],
      ['approle with a wrapped secret id', { VAULT_ROLE_ID: roleId }, wrappingToken],
      ['userpass', {}, 'a password'],
    ] as const) {
      const configured = { ...settingsOf(section), ...given, VAULT_ADDR: vault.address };
      const file = join(directory, 'credential');
      writeFileSync(file, `${credential}\n`);
      const files = Object.keys(configured).filter((name) => name.endsWith('_FILE'));
      const instance = providerOf({ ...configured, ...Object.fromEntries(files.map((name) => [name, file])) });
      expect(await readTextOf(instance, refTo('app/db')), section).toBe('here');
      await instance.close();
    }
  });
});
