import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRegularFile } from '@vault-swarm/file/regular-file';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfigFile } from './config-file.ts';
import { parseConfiguration } from './configuration.ts';

let base: string;
const at = (path: string) => join(base, path);

async function parse(variables: Readonly<Record<string, string>>) {
  return parseConfiguration(variables, readRegularFile, await readConfigFile(variables, readRegularFile));
}
async function problemsOf(variables: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const parsed = await parse({ PLUGIN_SOCKET: at('run/plugin.sock'), ...variables });
  return parsed.ok ? [] : parsed.problems.map(({ variable, message }) => `${variable}: ${message}`);
}

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'own-files-'));
  chmodSync(base, 0o755);
  mkdirSync(at('secrets'));
  mkdirSync(at('certificates'));
  for (const name of ['secrets/token', 'token', 'certificates/key.pem', 'certificates/ca.pem', 'certificates/cert.pem'])
    writeFileSync(at(name), 'credential', { mode: 0o600 });
});
afterEach(() => rmSync(base, { recursive: true }));

describe('a directory of secrets that labels could have our own files delivered from', () => {
  const files = () => ({ SECRETS_PROVIDER: 'file', FILE_SECRETS_DIR: at('secrets') });

  test.each([
    ['MONITORING_TOKEN_FILE', (path: string) => ({ MONITORING_TOKEN_FILE: path })],
    ['VAULT_SECRET_ID_FILE', (path: string) => ({ VAULT_SECRET_ID_FILE: path })],
    ['DOCKER_CERT_PATH', (path: string) => ({ DOCKER_CERT_PATH: path })],
    ['LEDGER_KEY_FILE', (path: string) => ({ LEDGER_KEY_FILE: path })],
    ['VAULT_TOKEN_FILE', (path: string) => ({ SECRETS_PROVIDER: 'file,vault', VAULT_TOKEN_FILE: path })],
    [
      'AWS_SHARED_CREDENTIALS_FILE',
      (path: string) => ({
        SECRETS_PROVIDER: 'file,aws',
        AWS_REGION: 'eu-west-1',
        AWS_SHARED_CREDENTIALS_FILE: path,
      }),
    ],
    [
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      (path: string) => ({
        SECRETS_PROVIDER: 'file,aws',
        AWS_REGION: 'eu-west-1',
        AWS_WEB_IDENTITY_TOKEN_FILE: path,
        AWS_ROLE_ARN: 'arn:aws:iam::1:role/x',
      }),
    ],
    ['PLUGIN_SOCKET', (path: string) => ({ PLUGIN_SOCKET: path })],
  ])('is refused with the file of %s in it, and taken with it elsewhere', async (variable, named) => {
    expect(await problemsOf({ ...files(), ...named(at('secrets/token')) })).toEqual([
      expect.stringContaining(`FILE_SECRETS_DIR: "${at('secrets')}" contains the file or directory of ${variable}`),
    ]);
    expect(await problemsOf({ ...files(), ...named(at('token')) })).toEqual([]);
  });

  test('is refused below the directory of the certificates for Docker', async () => {
    const docker = { DOCKER_HOST: 'tcp://engine:2376', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: at('certificates') };
    expect(await problemsOf({ ...files(), ...docker })).toEqual([]);
    for (const directory of [at('certificates'), at('certificates/secrets')])
      expect(await problemsOf({ ...files(), ...docker, FILE_SECRETS_DIR: directory })).toEqual([
        expect.stringContaining('DOCKER_CERT_PATH'),
      ]);
  });

  test('is refused for each provider of CONFIG_FILE, against the credentials of all', async () => {
    writeFileSync(
      at('config.yaml'),
      `providers:
  files: { kind: file, settings: { FILE_SECRETS_DIR: ${at('secrets')} } }
  others: { kind: file, settings: { FILE_SECRETS_DIR: ${at('others')} } }
  vault-eu: { kind: vault, settings: { VAULT_TOKEN_FILE: ${at('secrets/token')} } }
`,
    );
    expect(await problemsOf({ CONFIG_FILE: at('config.yaml') })).toEqual([
      expect.stringMatching(
        /^CONFIG_FILE: providers\.files\.settings: FILE_SECRETS_DIR: .* contains the file or directory of providers\.vault-eu\.settings\.VAULT_TOKEN_FILE/,
      ),
    ]);
  });

  test('is refused with the configuration file itself in it', async () => {
    writeFileSync(
      at('secrets/config.yaml'),
      `providers: { files: { kind: file, settings: { FILE_SECRETS_DIR: ${at('secrets')} } } }`,
    );
    expect(await problemsOf({ CONFIG_FILE: at('secrets/config.yaml') })).toEqual([
      expect.stringContaining('contains the file or directory of CONFIG_FILE'),
    ]);
  });
});

test('a socket in a directory that every user can write is a warning', async () => {
  mkdirSync(at('open'));
  const codes = async (mode: number) => {
    chmodSync(at('open'), mode);
    const parsed = await parse({ SECRETS_PROVIDER: 'file', LEDGER_KEY: 'x', PLUGIN_SOCKET: at('open/plugin.sock') });
    return parsed.ok ? parsed.configuration.warnings.map(({ code }) => code) : parsed.problems;
  };
  expect([await codes(0o777), await codes(0o1777), await codes(0o755)]).toEqual([
    ['socket-directory-writable'],
    [],
    [],
  ]);
});

describe('a file with a credential', () => {
  const warnings = async () => {
    const settings = { SECRETS_PROVIDER: 'vault', PLUGIN_SOCKET: at('s'), LEDGER_KEY: 'only-for-tests' };
    const parsed = await parse({ ...settings, VAULT_TOKEN_FILE: at('token') });
    return parsed.ok ? parsed.configuration.warnings : parsed.problems;
  };

  test('that every user can read is a warning', async () => {
    expect(await warnings()).toEqual([]);
    chmodSync(at('token'), 0o644);
    expect(await warnings()).toEqual([
      {
        code: 'credential-file-readable',
        variable: 'VAULT_TOKEN_FILE',
        message: expect.stringContaining(at('token')),
      },
    ]);
  });

  test('is none in a directory that others can not enter', async () => {
    chmodSync(at('token'), 0o644);
    chmodSync(base, 0o750);
    expect(await warnings()).toEqual([]);
  });
});
