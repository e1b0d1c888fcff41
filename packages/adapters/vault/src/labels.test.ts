import { quoted } from '@vault-swarm/kernel';
import { canonicalPath, LabelReader, ProviderError } from '@vault-swarm/provider';
import { describe, expect, test } from 'vitest';
import { locationOf } from './kv.ts';
import { vaultLabelScheme } from './labels.ts';

const reader = new LabelReader([{ name: 'vault', scheme: vaultLabelScheme({ mount: 'secret' }) }]);

function refOf(labels: Record<string, string>, service = 'web') {
  return reader.read(labels, 'password', service).ref;
}

function messageFor(labels: Record<string, string>): string {
  try {
    refOf(labels);
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'INVALID_REF') return error.message;
    throw error;
  }
  throw new Error('the labels were accepted');
}

describe('labels of a secret in Vault', () => {
  test.each(['app/db', 'secret/app/db', '/app/db/', '//secret//app/db'])('take %s for the path app/db', (path) => {
    expect(refOf({ vault_path: path }).location).toEqual({ mount: 'secret', path: 'app/db' });
  });

  test.each(['data/app/db', 'secret/data/app/db', '/secret/data/app/db/'])(
    'take %s for the path app/db of KV v2, and for data/app/db of KV v1',
    (path) => {
      const { location } = refOf({ vault_path: path });
      expect(location).toEqual({ mount: 'secret', directory: 'data', path: 'app/db' });
      expect(locationOf(refOf({ vault_path: path }))).toMatchObject({ path: 'app/db', v1Path: 'data/app/db' });
    },
  );

  test.each(['app/db', 'secret/app/db', 'data/app/db', 'secret/data/app/db', '//secret//app/db/'])(
    'take %s for the path secret/app/db of the access policy',
    (path) => {
      expect(canonicalPath(refOf({ vault_path: path }))).toBe('secret/app/db');
    },
  );

  test.each([
    ['secret', 'secret'],
    ['secret/data', 'data'],
    ['secrets/app', 'secrets/app'],
    ['app/secret/data/db', 'app/secret/data/db'],
    ['data/data/app', 'data/app'],
  ])('take %s for the path %s', (given, path) => {
    expect(refOf({ vault_path: given }).location.path).toBe(path);
  });

  test('take the path literally if they name the mount', () => {
    const { location } = refOf({ vault_mount: '/teams/kv/', vault_path: '/secret/data/app/' });
    expect(location).toEqual({ mount: 'teams/kv', path: 'secret/data/app' });
  });

  test('take the default path literally, also of a service that is named like the mount', () => {
    expect(refOf({}, 'secret').location).toEqual({ mount: 'secret', path: 'secret/password' });
  });

  test.each([
    ['database/static-creds/app', 'database', 'static-creds/app'],
    ['/team/ldap//static-cred/ou/app/', 'team/ldap', 'static-cred/ou/app'],
    ['secret/static-creds/app', 'secret', 'static-creds/app'],
    ['secret/app/static-creds/x', 'secret', 'app/static-creds/x'],
    ['static-creds/app', 'secret', 'static-creds/app'],
  ])(
    'take %s for mount and path of a static role, unless it starts with the mount of secrets',
    (given, mount, path) => {
      expect(refOf({ vault_path: given }).location).toEqual({ mount, path });
    },
  );

  test('refuse a mount of Vault itself in the path of a static role', () => {
    expect(messageFor({ vault_path: 'auth/x/static-creds/y' })).toContain(`is Vault's own (auth/)`);
  });

  test('give field and version', () => {
    const ref = refOf({ vault_path: 'app', vault_field: 'tls.crt', vault_version: '3' });
    expect(ref).toMatchObject({ field: 'tls.crt', pin: '3' });
  });

  test('give neither field nor version if they name none', () => {
    expect(Object.keys(refOf({ vault_path: 'app' })).sort()).toEqual(['encoding', 'location', 'provider']);
  });

  test.each(['/', '../app', 'app/..', 'app/./db', 'app\n', 'a\u0000b', 'a\u0085b', '\ud800'])(
    'refuse the path %j, and name label and value',
    (path) => {
      expect(messageFor({ vault_path: path })).toContain(`"vault_path" = ${quoted(path)}`);
    },
  );

  test('refuse a mount that is only a slash', () => {
    expect(messageFor({ vault_path: 'app', vault_mount: '/' })).toBe('label "vault_mount" = "/" must not be empty');
  });

  test.each(['auth', 'AUTH/token', 'sys', 'identity/entity', 'cubbyhole', '%61uth', '/auth/', '//sys'])(
    'refuse the mount %s',
    (mount) => {
      expect(messageFor({ vault_path: 'token/lookup-self', vault_mount: mount })).toMatch(
        /^label "vault_mount" = .* is Vault's own/,
      );
    },
  );

  test.each(['0', '-1', '1.5', 'latest', '01', '1e3', '1234567890123456'])('refuse the version %s', (version) => {
    expect(messageFor({ vault_path: 'app', vault_version: version })).toBe(
      `label "vault_version" = "${version}" must be a positive whole number`,
    );
  });

  test('name those of Vault if one is unknown', () => {
    expect(messageFor({ vault_key: 'x' })).toContain('vault_path, vault_mount, vault_field, vault_version');
  });

  test('have the prefix of OpenBao for OpenBao', () => {
    const scheme = vaultLabelScheme({ mount: 'kv', kind: 'openbao' });
    expect(scheme.names.join()).toBe(
      'openbao_path,openbao_mount,openbao_field,openbao_version,openbao_lease,openbao_params,openbao_settle',
    );
    const target = scheme.target({ openbao_path: 'kv/data/app', openbao_version: '2' }, () => 'unused');
    expect(target).toEqual({ location: { mount: 'kv', directory: 'data', path: 'app' }, path: 'kv/app', pin: '2' });
  });

  test('give how credentials are issued, with parameters in one order', () => {
    const labels = { vault_lease: 'service', vault_path: 'pki/issue/web', vault_settle: '1m30s' };
    const params = ' {"ttl": "5m", "common_name": "a.example", "n": 12345678901234567890, "o": {"b": 1, "a": [2]}}';
    expect(refOf({ ...labels, vault_params: params, vault_field: 'certificate' })).toEqual({
      provider: 'vault',
      location: { mount: 'pki', path: 'issue/web' },
      field: 'certificate',
      encoding: 'raw',
      lease: {
        params: '{"common_name":"a.example","n":12345678901234567890,"o":{"a":[2],"b":1},"ttl":"5m"}',
        settleMs: 90_000,
      },
    });
    expect(refOf({ vault_lease: 'service', vault_path: '/team/db/creds/app/', vault_mount: 'x/db' })).toMatchObject({
      location: { mount: 'x/db', path: 'team/db/creds/app' },
      lease: { params: null, settleMs: 0 },
    });
  });

  test.each([
    [{ lease: 'task', path: 'db/creds/app' }, 'label "vault_lease" = "task" must be service'],
    [{ lease: 'service' }, 'label "vault_lease" needs the label "vault_path"'],
    [{ lease: 'service', path: 'app' }, 'must start with the mount, such as database/creds/app, or set "vault_mount"'],
    [{ lease: 'service', path: 'auth/token/create' }, "is Vault's own (auth/)"],
    [
      { lease: 'service', path: 'db/creds/app', version: '1' },
      'label "vault_version" has no meaning with "vault_lease"',
    ],
    [{ path: 'db/creds/app', params: '{}' }, 'label "vault_params" has a meaning only with "vault_lease" = "service"'],
    [{ path: 'db/creds/app', settle: '1s' }, 'label "vault_settle" has a meaning only with "vault_lease" = "service"'],
    [{ lease: 'service', path: 'db/creds/app', params: '[1]' }, 'must be a JSON object, such as {"common_name":'],
    [{ lease: 'service', path: 'db/creds/app', params: '{' }, 'label "vault_params" = "{" must be a JSON object'],
    [{ lease: 'service', path: 'db/creds/app', settle: '1d' }, 'must be a duration such as 10s, at most 5m'],
    [{ lease: 'service', path: 'db/creds/app', settle: '6m' }, 'must be a duration such as 10s, at most 5m'],
  ])('refuse %o', (labels, message) => {
    const named = Object.entries(labels).map(([name, text]) => [`vault_${name}`, text] as const);
    expect(messageFor(Object.fromEntries(named))).toContain(message);
  });
});
