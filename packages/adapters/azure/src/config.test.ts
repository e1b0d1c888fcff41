import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Environment, LabelReader } from '@vault-swarm/provider';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAzureConfig } from './config.ts';
import { azureLabelScheme } from './labels.ts';

const VAULT = { AZURE_VAULT_URL: 'https://example.vault.azure.net/' };
const APPLICATION = { AZURE_TENANT_ID: 'contoso.example', AZURE_CLIENT_ID: '22222222-2222-4222-8222-222222222222' };

let directory: string;
const file = (name: string) => join(directory, name);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'azure-config-'));
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const request = ['req', '-x509', '-nodes', '-subj', '/CN=plugin'];
  openssl(...request, '-newkey', 'rsa:2048', '-keyout', 'rsa.pem', '-out', 'rsa.crt');
  openssl(...request, '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', 'ec.pem', '-out', 'ec.crt');
  for (const kind of ['rsa', 'ec']) {
    execFileSync('sh', ['-c', `cat ${kind}.crt >> ${kind}.pem`], { cwd: directory });
  }
});
afterAll(() => rmSync(directory, { recursive: true }));

function parse(variables: Record<string, string>) {
  const readFile = (path: string) => (path === '/token' ? 'a.b.c\n' : readFileSync(path, 'utf8'));
  const environment = new Environment(variables, readFile);
  const config = parseAzureConfig(environment, { readFile });
  const said = environment.problems.map(({ variable, message }) => `${variable} ${message}`);
  return { config, problems: said, warnings: environment.warnings, credentials: environment.credentials };
}

describe('the configuration of the azure provider', () => {
  test("is the vault's address, and nothing else if the machine has an identity", () => {
    const { config, problems } = parse(VAULT);
    expect(problems).toEqual([]);
    expect(config).toMatchObject({
      vaultUrl: 'https://example.vault.azure.net',
      resource: 'https://vault.azure.net',
      login: { kind: 'managed', endpoint: 'http://169.254.169.254', clientId: undefined },
    });
  });

  test.for([
    ['https://a.vault.azure.cn', 'https://vault.azure.cn', 'https://login.chinacloudapi.cn'],
    ['https://a.vault.usgovcloudapi.net', 'https://vault.usgovcloudapi.net', 'https://login.microsoftonline.us'],
    ['https://a.vault.azure.net', 'https://vault.azure.net', 'https://login.microsoftonline.com'],
  ])('knows the cloud of %s', ([vault = '', resource, authority]) => {
    const { config, problems } = parse({ ...APPLICATION, AZURE_VAULT_URL: vault, AZURE_CLIENT_SECRET: 'x' });
    expect(problems).toEqual([]);
    expect(config).toMatchObject({ resource, login: { kind: 'secret', authority } });
  });

  test('takes another authority, and warns of one without encryption', () => {
    const given = { ...VAULT, ...APPLICATION, AZURE_CLIENT_SECRET: 'x' };
    const own = parse({ ...given, AZURE_AUTHORITY_HOST: 'https://login.example/' });
    expect(own.config.login).toMatchObject({ authority: 'https://login.example' });
    expect(parse({ ...given, AZURE_AUTHORITY_HOST: 'http://login.example' }).warnings).toMatchObject([
      { code: 'plain-http', variable: 'AZURE_AUTHORITY_HOST' },
    ]);
  });

  test('has a secret, a certificate or a federated token, each with its application', () => {
    const kinds = [
      { AZURE_CLIENT_SECRET: 'x' },
      { AZURE_CLIENT_CERTIFICATE_PATH: file('rsa.pem') },
      { AZURE_FEDERATED_TOKEN_FILE: '/token' },
    ].map((login) => {
      const { config, problems } = parse({ ...VAULT, ...APPLICATION, ...login });
      expect(problems).toEqual([]);
      return config.login.kind;
    });
    expect(kinds).toEqual(['secret', 'certificate', 'federated']);
    expect(parse({ ...VAULT, AZURE_CLIENT_SECRET: 'x' }).problems).toEqual([
      'AZURE_TENANT_ID is missing; AZURE_CLIENT_SECRET needs it',
      'AZURE_CLIENT_ID is missing; AZURE_CLIENT_SECRET needs it',
    ]);
  });

  test('has the login of az only if it is asked for, and then no other one', () => {
    const cli = { ...VAULT, AZURE_TOKEN_CREDENTIALS: 'AzureCliCredential' };
    expect(parse(cli).config.login).toEqual({ kind: 'cli', tenantId: undefined });
    expect(parse({ ...cli, ...APPLICATION }).config.login).toEqual({ kind: 'cli', tenantId: 'contoso.example' });
    expect(parse({ ...VAULT, AZURE_TOKEN_CREDENTIALS: 'prod' }).config.login.kind).toBe('managed');
    expect(parse({ ...cli, AZURE_CLIENT_SECRET: 'x' }).problems).toEqual([
      'AZURE_CLIENT_SECRET and AZURE_TOKEN_CREDENTIALS are two logins; remove one of them',
    ]);
  });

  test('watches the files of credentials, and never shows what is in them', () => {
    const login = { AZURE_FEDERATED_TOKEN_FILE: '/token' };
    const { config, credentials } = parse({ ...VAULT, ...APPLICATION, ...login });
    expect(credentials.map(({ variable }) => variable)).toEqual(['AZURE_FEDERATED_TOKEN_FILE']);
    expect(JSON.stringify(config)).not.toContain('a.b.c');
  });

  test.for<[Record<string, string>, string]>([
    [{}, 'AZURE_VAULT_URL is missing; set the address of the key vault'],
    [{ AZURE_VAULT_URL: 'example' }, 'AZURE_VAULT_URL "example" must be an address'],
    [{ AZURE_VAULT_URL: 'https://a.vault.azure.net/secrets/db' }, "must be the vault's address only"],
    [{ ...VAULT, AZURE_TENANT_ID: 'a/b' }, 'AZURE_TENANT_ID "a/b" must be an id'],
    [{ ...VAULT, AZURE_MAX_CALLS_PER_HOUR: 'many' }, 'AZURE_MAX_CALLS_PER_HOUR "many" must be a whole number'],
    [{ ...VAULT, AZURE_TOKEN_CREDENTIALS: 'dev' }, 'AZURE_TOKEN_CREDENTIALS "dev" must be one of'],
    [{ ...VAULT, AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://other' }, 'must be the address of a metadata service'],
    [
      { ...VAULT, ...APPLICATION, AZURE_CLIENT_SECRET: 'x', AZURE_FEDERATED_TOKEN_FILE: '/token' },
      'AZURE_FEDERATED_TOKEN_FILE and AZURE_CLIENT_SECRET are two logins; remove one of them',
    ],
    [{ ...VAULT, ...APPLICATION, AZURE_FEDERATED_TOKEN_FILE: '/nowhere' }, 'does not exist'],
  ])('says what is wrong with %o', ([variables, message]) => {
    expect(parse(variables).problems.join('\n')).toContain(message);
  });

  test.for(['ec.pem', 'rsa.crt'])('refuses %s: an RSA certificate with its key is needed', (name) => {
    const login = { AZURE_CLIENT_CERTIFICATE_PATH: file(name) };
    const { problems } = parse({ ...VAULT, ...APPLICATION, ...login });
    expect(problems).toMatchObject([expect.stringContaining('must be a PEM file with a certificate and its RSA')]);
  });

  test('warns of a tenant without a login', () => {
    const { config, warnings } = parse({ ...VAULT, AZURE_TENANT_ID: 'contoso.example' });
    expect(config.login.kind).toBe('managed');
    expect(warnings).toMatchObject([{ code: 'setting-ignored', variable: 'AZURE_TENANT_ID' }]);
  });

  test("warns of what Azure's own libraries read, and the plugin does not", () => {
    const { problems, warnings } = parse({ ...VAULT, AZURE_USERNAME: 'me' });
    expect(problems).toEqual([]);
    expect(warnings).toMatchObject([{ code: 'setting-unread', variable: 'AZURE_USERNAME' }]);
  });
});

describe('the labels of the azure provider', () => {
  const labels = new LabelReader([{ name: 'azure', scheme: azureLabelScheme }]);
  const VERSION = '0123456789abcdef0123456789abcdef';

  test('name a secret, a field and a version', () => {
    const given = { azure_secret_name: 'db', azure_field: 'password', azure_version: VERSION };
    expect(labels.read(given, 'x', 'web').ref).toEqual({
      provider: 'azure',
      location: { name: 'db' },
      field: 'password',
      pin: VERSION,
      encoding: 'raw',
    });
  });

  test.for([
    ['web', 'db_password', 'web-db-password'],
    ['shop_web.1', 'key', 'shop-web-1-key'],
    ['_web', 'a__b_', 'web-a-b'],
  ])('without a name, %s and %s give %s, as in swarm-external-secrets', ([service, secret = '', name]) => {
    expect(labels.read({}, secret, service).ref.location).toEqual({ name });
  });

  test.for<[Record<string, string>, string]>([
    [{ azure_secret_name: 'app/db' }, '"azure_secret_name" = "app/db" must be a name of up to 127 letters'],
    [{ azure_secret_name: 'https://a.vault.azure.net/secrets/db' }, 'must be a name'],
    [{ azure_secret_name: 'db', azure_version: '3' }, '"azure_version" = "3" must be a version of 32 hexadecimal'],
    [{ azure_name: 'db' }, '"azure_name" = "db" is not known; azure has azure_secret_name'],
  ])('refuse %o', ([given, message]) => {
    expect(() => labels.read(given, 'db', 'web')).toThrow(message);
  });
});
