import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Environment } from '@vault-swarm/provider';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseVaultConfig } from './config.ts';
import { describeServer } from './vault-server.ts';

let base: string;
const file = (name: string) => join(base, name);

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'vault-config-'));
  const subject = ['-subj', '/CN=test', '-days', '2', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  for (const name of ['one', 'two']) {
    const out = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)];
    execFileSync('openssl', ['req', '-x509', ...subject, ...out], { stdio: 'ignore' });
  }
  writeFileSync(file('no.pem'), 'hvs.secret');
  writeFileSync(file('token'), 'hvs.first\n');
});
afterAll(() => rmSync(base, { recursive: true }));

function parse(variables: Record<string, string>, prefix: 'VAULT' | 'OPENBAO' = 'VAULT') {
  const read = (path: string) => readFileSync(path, 'utf8');
  const environment = new Environment(variables, read);
  const config = parseVaultConfig(environment, read, prefix);
  return {
    config,
    problems: environment.problems.map(({ variable, message }) => `${variable} ${message}`),
    warnings: environment.warnings.map(({ variable, message }) => `${variable} ${message}`),
  };
}

describe('the authorities of Vault', () => {
  const authorities = (variables: Record<string, string>) => {
    const { config, problems, warnings } = parse({ VAULT_TOKEN: 'x', ...variables });
    return { ca: config.tls.ca?.read().trim(), problems, warnings };
  };
  const text = (name: string) => readFileSync(file(name), 'utf8').trim();
  const directory = (name: string, files: Record<string, string>) => {
    mkdirSync(file(name), { recursive: true });
    for (const [path, content] of Object.entries(files)) writeFileSync(join(file(name), path), content);
    return file(name);
  };

  test('come from a file, from a text, or from the files of a directory and those below it', () => {
    const below = directory('authorities', { 'b.pem': text('two.crt') });
    mkdirSync(join(below, 'a'), { recursive: true });
    writeFileSync(join(below, 'a/one.pem'), text('one.crt'));
    symlinkSync('../authorities', join(below, 'circle'));
    const fine = { problems: [], warnings: [] };
    expect(authorities({ VAULT_CACERT: file('one.crt') })).toEqual({ ca: text('one.crt'), ...fine });
    expect(authorities({ VAULT_CACERT_BYTES: text('two.crt') })).toEqual({ ca: text('two.crt'), ...fine });
    expect(authorities({ VAULT_CAPATH: below })).toEqual({ ca: `${text('one.crt')}\n${text('two.crt')}`, ...fine });
  });

  test('of several sources one counts, as for the client of Vault, and the others are warned of', () => {
    const all = { VAULT_CACERT: file('one.crt'), VAULT_CACERT_BYTES: text('two.crt'), VAULT_CAPATH: '/nowhere' };
    expect(authorities(all)).toEqual({
      ca: text('one.crt'),
      problems: [],
      warnings: [
        'VAULT_CACERT_BYTES is ignored, because VAULT_CACERT is set too; remove one of them',
        'VAULT_CAPATH is ignored, because VAULT_CACERT is set too; remove one of them',
      ],
    });
  });

  test('without the certificates among them that can not be parsed', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';
    expect(authorities({ VAULT_CACERT_BYTES: `${broken}\n# one\n${text('one.crt')}` }).ca).toBe(text('one.crt'));
    expect(authorities({ VAULT_CACERT_BYTES: broken }).problems).toEqual(['VAULT_CACERT_BYTES has no PEM certificate']);
  });

  test.each([
    [{ VAULT_CAPATH: '/nowhere' }, 'VAULT_CAPATH "/nowhere" does not exist'],
    [{ VAULT_CACERT_BYTES: '/run/ca.pem' }, 'VAULT_CACERT_BYTES has no PEM certificate'],
    [{ VAULT_TLS_SERVER_NAME: 'https://vault' }, 'VAULT_TLS_SERVER_NAME "https://vault" must be the name or address'],
  ])('with %j are a problem', (variables, problem) => {
    const { problems } = authorities(variables as unknown as Record<string, string>);
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  test('in a directory every file must have one, and they are not without end', () => {
    const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`${index}.pem`, text('one.crt')]));
    const manyFiles = directory('many', many);
    expect(authorities({ VAULT_CAPATH: manyFiles }).problems).toEqual([
      `VAULT_CAPATH "${manyFiles}" has more than 1000 files`,
    ]);
    const mixed = directory('mixed', { 'one.pem': text('one.crt'), README: 'authorities' });
    expect(authorities({ VAULT_CAPATH: mixed }).problems).toEqual([
      `VAULT_CAPATH "${join(mixed, 'README')}" has no PEM certificate`,
    ]);
    expect(authorities({ VAULT_CAPATH: '/' }).problems).toEqual([expect.stringMatching(/^VAULT_CAPATH "\/.+" /)]);
    expect(authorities({ VAULT_CAPATH: directory('empty', {}) }).problems).toEqual([
      `VAULT_CAPATH "${file('empty')}" is a directory without files`,
    ]);
  });
});

describe('the configuration of Vault', () => {
  test('needs only a token', () => {
    const { config, problems } = parse({ VAULT_TOKEN: 'hvs.x', VAULT_ADDR: '' });
    expect(problems).toEqual([]);
    expect(config).toMatchObject({ address: 'http://127.0.0.1:8200', namespace: undefined, mount: 'secret' });
    expect(config.tls).toMatchObject({ ca: undefined, skipVerify: false });
  });

  test('reads every variable', () => {
    const { config, problems } = parse({
      VAULT_ADDR: 'https://vault.example:8200/proxied/',
      VAULT_NAMESPACE: 'team/a',
      VAULT_CACERT: file('one.crt'),
      VAULT_CLIENT_CERT: file('two.crt'),
      VAULT_CLIENT_KEY: file('two.key'),
      VAULT_SKIP_VERIFY: '1',
      VAULT_MOUNT_PATH: 'teams/kv/',
      VAULT_AUTH_METHOD: 'approle',
      VAULT_ROLE_ID: 'role',
      VAULT_SECRET_ID: 'secret-id',
    });
    expect(problems).toEqual([]);
    expect(config).toMatchObject({
      address: 'https://vault.example:8200/proxied',
      namespace: 'team/a',
      mount: 'teams/kv',
      auth: { method: 'approle', roleId: 'role' },
    });
    expect(config.tls.skipVerify).toBe(true);
    expect(config.tls.ca?.read()).toContain('-----BEGIN CERTIFICATE');
    expect(config.tls.clientKey?.read()).toContain('PRIVATE KEY');
    expect(JSON.stringify(config)).not.toMatch(/secret-id|PRIVATE/);
  });

  test("takes the operator's word for mounts, each with its version", () => {
    const { config, problems } = parse({ VAULT_TOKEN: 'hvs.x', VAULT_KV_MOUNTS: 'secret=v2, teams/a=b/=v1' });
    expect(problems).toEqual([]);
    expect([...config.kvMounts]).toEqual([
      ['secret', 'v2'],
      ['teams/a=b', 'v1'],
    ]);
    expect(parse({ VAULT_TOKEN: 'hvs.x' }).config.kvMounts.size).toBe(0);
  });

  test.each([
    ['secret', '"secret" must be a mount with its version, such as secret=v2 or legacy=v1'],
    ['secret=v3', '"secret=v3" must be a mount with its version, such as secret=v2 or legacy=v1'],
    ['=v2', '"=v2" must not be empty'],
    ['a=v1,', '"" must be a mount with its version, such as secret=v2 or legacy=v1'],
    ['a=v1,a=v2', '"a=v2" names a mount twice'],
    ['Auth/token=v1', '"Auth/token=v1" is Vault\'s own (auth/): only mounts of key-value engines are read'],
  ])('refuses the mounts %j', (given, problem) => {
    const { problems } = parse({ VAULT_TOKEN: 'hvs.x', VAULT_KV_MOUNTS: given });
    expect(problems).toEqual([`VAULT_KV_MOUNTS ${problem}`]);
  });

  test.each(['auth', 'sys/', 'Identity', 'cubbyhole'])('refuses %s as the mount of secrets', (mount) => {
    expect(parse({ VAULT_TOKEN: 'hvs.x', VAULT_MOUNT_PATH: mount }).problems[0]).toContain("is Vault's own");
  });

  test('follows a token file that changes', () => {
    const { config } = parse({ VAULT_TOKEN_FILE: file('token') });
    if (config.auth.method !== 'token') throw new Error('not the method token');
    expect(config.auth.token?.read()).toBe('hvs.first');
    writeFileSync(file('token'), 'hvs.second\n');
    expect(config.auth.token?.read()).toBe('hvs.second');
  });

  test('reports every problem at once', () => {
    const { problems } = parse({
      VAULT_ADDR: 'vault.example',
      VAULT_NAMESPACE: 'a b',
      VAULT_CACERT: file('missing.pem'),
      VAULT_CLIENT_CERT: file('one.crt'),
      VAULT_SKIP_VERIFY: 'yes',
      VAULT_MOUNT_PATH: 'a/../b',
      VAULT_AUTH_METHOD: 'approle',
    });
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'VAULT_ADDR',
      'VAULT_NAMESPACE',
      'VAULT_MOUNT_PATH',
      'VAULT_CACERT',
      'VAULT_CLIENT_KEY',
      'VAULT_SKIP_VERIFY',
      'VAULT_ROLE_ID',
      'VAULT_SECRET_ID',
    ]);
    expect(problems).toContain(`VAULT_CACERT "${file('missing.pem')}" does not exist`);
    expect(problems).toContain(
      'VAULT_SKIP_VERIFY "yes" must be one of true, 1, t, T, TRUE, True, false, 0, f, F, FALSE, False',
    );
  });

  test.each([
    ['true', true],
    ['T', true],
    ['True', true],
    ['0', false],
    ['FALSE', false],
    ['f', false],
  ])("takes %s for VAULT_SKIP_VERIFY, as Vault's own client does", (given, skipVerify) => {
    const { config, problems } = parse({ VAULT_TOKEN: 'x', VAULT_SKIP_VERIFY: given });
    expect([config.tls.skipVerify, problems]).toEqual([skipVerify, []]);
  });

  test.each([
    [{}, 'VAULT_TOKEN or VAULT_TOKEN_FILE is needed by VAULT_AUTH_METHOD=token'],
    [{ VAULT_TOKEN: 'hvs.a b' }, 'VAULT_TOKEN must be of visible ASCII characters, without spaces or line breaks'],
    [{ VAULT_TOKEN: 'x', VAULT_ADDR: 'http://h:1/?x=1' }, 'VAULT_ADDR "http://h:1/…" must be an address such as'],
    [{ VAULT_TOKEN: 'x', VAULT_AUTH_METHOD: 'magic' }, 'VAULT_AUTH_METHOD "magic" must be one of token, approle, jwt'],
    [
      { VAULT_AUTH_METHOD: 'approle', VAULT_ROLE_ID: 'r' },
      'VAULT_SECRET_ID or VAULT_SECRET_ID_FILE is needed by VAULT_AUTH_METHOD=approle',
    ],
  ])('with %j has one problem', (variables: Record<string, string>, message) => {
    const { problems } = parse(variables);
    expect(problems).toEqual([expect.stringContaining(message)]);
    expect(problems.join()).not.toContain('hvs.');
  });

  test('reports a token that is given twice, though another method does not use it', () => {
    const login = { VAULT_AUTH_METHOD: 'approle', VAULT_ROLE_ID: 'r', VAULT_SECRET_ID: 's' };
    expect(parse({ ...login, VAULT_TOKEN: 'hvs.x' }).problems).toEqual([]);
    const { problems } = parse({ ...login, VAULT_TOKEN: 'hvs.x', VAULT_TOKEN_FILE: file('token') });
    expect(problems).toEqual([expect.stringContaining('VAULT_TOKEN')]);
    expect(problems.join()).not.toContain('hvs.');
  });

  test('with an unknown login method reports what is wrong with any credential too', () => {
    const { problems } = parse({
      VAULT_AUTH_METHOD: 'magic',
      VAULT_TOKEN: 'hvs.x',
      VAULT_TOKEN_FILE: file('token'),
      VAULT_SECRET_ID_FILE: '/nowhere',
      VAULT_JWT: 'e30.e30.e30',
    });
    expect(problems).toEqual([
      expect.stringMatching(/^VAULT_AUTH_METHOD "magic" must be one of /),
      'VAULT_TOKEN is given, and VAULT_TOKEN_FILE too; remove one of them',
      'VAULT_SECRET_ID_FILE "/nowhere" names a file that does not exist',
    ]);
  });

  test.each([
    ['jwt', { VAULT_JWT_ROLE: 'swarm', VAULT_JWT: 'e30.e30.e30' }, { mount: 'jwt', role: 'swarm' }],
    ['jwt', { VAULT_AUTH_MOUNT: 'auth/kubernetes/', VAULT_JWT: 'e30' }, { mount: 'kubernetes', role: undefined }],
    ['userpass', { VAULT_USERNAME: 'swarm', VAULT_PASSWORD: ' p ' }, { mount: 'userpass', username: 'swarm' }],
    ['ldap', { VAULT_USERNAME: 'swarm', VAULT_PASSWORD: 'p', VAULT_AUTH_MOUNT: 'staff/ldap' }, { mount: 'staff/ldap' }],
    [
      'aws',
      { VAULT_AWS_ROLE: 'swarm', AWS_REGION: 'eu-west-1' },
      { mount: 'aws', region: 'eu-west-1', keys: undefined },
    ],
    ['aws', { VAULT_AWS_REGION: 'eu-west-2', AWS_REGION: 'eu-west-1' }, { region: 'eu-west-2', role: undefined }],
    [
      'approle',
      { VAULT_ROLE_ID: 'r', VAULT_SECRET_ID: 's', VAULT_SECRET_ID_WRAPPING_PATH: '/auth/approle/role/r/secret-id' },
      { wrappingPath: 'auth/approle/role/r/secret-id', mount: 'approle' },
    ],
  ])('takes the method %s with %j, also while a token is in the environment', (method, given, expected) => {
    const variables = { VAULT_AUTH_METHOD: method, VAULT_TOKEN: 'hvs.of-the-administrator', ...given };
    const { config, problems } = parse(variables as unknown as Record<string, string>);
    expect(problems).toEqual([]);
    expect(config.auth).toMatchObject({ method, ...expected });
    expect(JSON.stringify(config.auth)).not.toContain(' p ');
  });

  test('takes a certificate for the method cert', () => {
    const files = { VAULT_CLIENT_CERT: file('one.crt'), VAULT_CLIENT_KEY: file('one.key') };
    const method = { VAULT_AUTH_METHOD: 'cert', VAULT_CERT_ROLE: 'managers' };
    const { config, problems } = parse({ ...method, ...files, VAULT_ADDR: 'https://vault:8200' });
    expect(problems).toEqual([]);
    expect(config.auth).toEqual({
      method: 'cert',
      mount: 'cert',
      role: 'managers',
      certificateVariable: 'VAULT_CLIENT_CERT',
    });
    expect(parse(method).problems).toEqual([
      'VAULT_CLIENT_CERT and VAULT_CLIENT_KEY are needed by VAULT_AUTH_METHOD=cert',
      'VAULT_ADDR must be set and start with https:// for VAULT_AUTH_METHOD=cert',
    ]);
  });

  test.each([
    [{ VAULT_AUTH_METHOD: 'jwt' }, ['VAULT_JWT or VAULT_JWT_FILE is needed by VAULT_AUTH_METHOD=jwt']],
    [
      { VAULT_AUTH_METHOD: 'ldap' },
      [
        'VAULT_USERNAME is needed by VAULT_AUTH_METHOD=ldap',
        'VAULT_PASSWORD or VAULT_PASSWORD_FILE is needed by VAULT_AUTH_METHOD=ldap',
      ],
    ],
    [
      { VAULT_AUTH_METHOD: 'userpass', VAULT_USERNAME: 'u', VAULT_PASSWORD: 'p', VAULT_ROLE_ID: 'r', VAULT_JWT: 'j' },
      [
        'VAULT_ROLE_ID belongs to VAULT_AUTH_METHOD=approle, but the method is userpass; change the method or remove it',
        'VAULT_JWT belongs to VAULT_AUTH_METHOD=jwt, but the method is userpass; change the method or remove it',
      ],
    ],
    [
      { VAULT_TOKEN: 'x', VAULT_AUTH_MOUNT: 'token' },
      ['VAULT_AUTH_MOUNT has no effect with VAULT_AUTH_METHOD=token; remove it'],
    ],
    [
      {
        VAULT_AUTH_METHOD: 'aws',
        AWS_SECRET_ACCESS_KEY: 's',
        VAULT_AWS_REGION: 'Frankfurt',
        VAULT_AWS_SERVER_ID: 'a b',
      },
      [
        'VAULT_AWS_REGION "Frankfurt" must be an AWS region, such as eu-central-1',
        'VAULT_AWS_SERVER_ID "a b" must be of visible ASCII characters, without spaces or line breaks',
        'AWS_ACCESS_KEY_ID is missing; the other AWS keys need it',
      ],
    ],
    [
      { VAULT_AUTH_METHOD: 'approle', VAULT_AUTH_MOUNT: 'a/../b', VAULT_SECRET_ID_WRAPPING_PATH: 'secret id' },
      [
        'VAULT_SECRET_ID_WRAPPING_PATH "secret id" must be the path at which secret ids are created, such as auth/approle/role/NAME/secret-id',
        'VAULT_AUTH_MOUNT "a/../b" must not have a part that is "." or ".."',
        'VAULT_ROLE_ID is needed by VAULT_AUTH_METHOD=approle',
        'VAULT_SECRET_ID or VAULT_SECRET_ID_FILE is needed by VAULT_AUTH_METHOD=approle',
      ],
    ],
  ])('reports all that is wrong with the settings %j of a method', (variables, expected) => {
    expect(parse(variables as unknown as Record<string, string>).problems).toEqual(expected);
  });

  test('reports a certificate that is none, and a key of another certificate', () => {
    const token = { VAULT_TOKEN: 'x' };
    const noPem = `VAULT_CACERT "${file('no.pem')}" has no PEM certificate`;
    expect(parse({ ...token, VAULT_CACERT: file('no.pem') }).problems).toEqual([noPem]);
    expect(parse({ ...token, VAULT_CLIENT_CERT: file('one.crt'), VAULT_CLIENT_KEY: file('two.key') }).problems).toEqual(
      ['VAULT_CLIENT_CERT and VAULT_CLIENT_KEY are not a PEM certificate and its key'],
    );
  });

  test.each([
    ['unix:///run/vault.sock', '/run/vault.sock'],
    ['unix:///run/vault/agent.sock', '/run/vault/agent.sock'],
  ])('takes the socket %s, which speaks no TLS', (given, socketPath) => {
    const { config, problems } = parse({ VAULT_TOKEN: 'x', VAULT_ADDR: given });
    expect(problems).toEqual([]);
    expect(config).toMatchObject({ socketPath, address: 'http://localhost', proxy: undefined });
    expect(describeServer(config)).toBe(given);
  });

  test.each(['unix://', 'unix://run/vault.sock', 'unix:///', 'unix:///run/'])('refuses the socket %s', (given) => {
    expect(parse({ VAULT_TOKEN: 'x', VAULT_ADDR: given }).problems).toEqual([
      `VAULT_ADDR "${given}" must be the absolute path of a socket, such as unix:///run/vault.sock`,
    ]);
  });

  test('warns of what the clients of Vault and OpenBao read, and it does not', () => {
    const variables = {
      VAULT_TOKEN: 'x',
      VAULT_AGENT_ADDR: 'http://127.0.0.1:8100',
      VAULT_RATE_LIMIT: '',
      VAULT_MFA: 'canary',
    };
    const { problems, warnings } = parse(variables);
    expect(problems).toEqual([]);
    expect(warnings).toEqual([
      'VAULT_AGENT_ADDR is not read by the plugin; set the address of the agent as VAULT_ADDR',
      'VAULT_MFA is not read by the plugin; a login with a second factor is not supported',
    ]);
    const bao = {
      OPENBAO_TOKEN: 'x',
      BAO_ADDR: 'https://bao',
      BAO_SRV_LOOKUP: 'true',
      OPENBAO_CLIENT_TIMEOUT: '5',
      VAULT_MFA: 'x',
    };
    expect(parse(bao, 'OPENBAO').warnings).toEqual([
      'OPENBAO_CLIENT_TIMEOUT is not read by the plugin; GETSECRET_DEADLINE limits how long a task waits',
      'BAO_ADDR is not read by the plugin; set it as OPENBAO_ADDR',
      'BAO_SRV_LOOKUP is not read by the plugin; set host and port as OPENBAO_ADDR',
    ]);
  });

  test('has names of its own for OpenBao', () => {
    const { config, problems } = parse({ OPENBAO_ADDR: 'http://bao:8200', VAULT_TOKEN: 'for Vault' }, 'OPENBAO');
    expect(config.address).toBe('http://bao:8200');
    expect(problems).toEqual(['OPENBAO_TOKEN or OPENBAO_TOKEN_FILE is needed by OPENBAO_AUTH_METHOD=token']);
  });

  test('is read without loading a library', () => {
    const config = fileURLToPath(new URL('./config.ts', import.meta.url));
    const script = `
      const { createRequire } = await import('node:module');
      await import(${JSON.stringify(config)});
      console.log(Object.keys(createRequire(import.meta.url).cache).join());`;
    const flags = ['--conditions=@vault-swarm/source', '--input-type=module', '--eval', script];
    expect(execFileSync(process.execPath, flags, { encoding: 'utf8' }).trim()).toBe('');
  });
});
