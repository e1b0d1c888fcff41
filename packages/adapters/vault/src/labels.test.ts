import { quoted } from '@vault-swarm/kernel';
import { LabelReader, ProviderError } from '@vault-swarm/provider';
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
    expect(scheme.names).toEqual(['openbao_path', 'openbao_mount', 'openbao_field', 'openbao_version']);
    const target = scheme.target({ openbao_path: 'kv/data/app', openbao_version: '2' }, () => 'unused');
    expect(target).toEqual({ location: { mount: 'kv', directory: 'data', path: 'app' }, pin: '2' });
  });
});
