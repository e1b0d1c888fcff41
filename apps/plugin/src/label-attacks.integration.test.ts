import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  driverRequest,
  type PluginProcess,
  startOpenBao,
  startPlugin,
  startVault,
  tempDirectory,
  type Vault,
  waitFor,
} from '@vault-swarm/lab';
import { readBlocks } from '@vault-swarm/lab/documents';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const guide = readFileSync(join(import.meta.dirname, '../../../docs/guides/vault.md'), 'utf8');
const DENIED = 'path "auth/token/lookup-self" { capabilities = ["deny"] }\n';
const [, documented = ''] =
  /<<'END'\n(.*?)END/s.exec(
    readBlocks(guide).find(({ heading, language }) => heading === 'The policy' && language === 'sh')?.text ?? '',
  ) ?? [];
/** More than anybody should give: everything may be read and listed. */
const TOO_WIDE = 'path "*" { capabilities = ["read", "list"] }\n';

const attacks: readonly (readonly [what: string, mount: string, path: string, field: string])[] = [
  ["the plugin's token", 'auth', 'token/lookup-self', 'id'],
  ['a key of a nested mount', 'team', 'transit/export/encryption-key/k', 'keys'],
  ['a KV v2 mount raw', 'deep', 'er/kv/data/a', 'data'],
  ['the token, of its own mount', 'auth/token', 'lookup-self', 'id'],
  ['the token, by case', 'Auth', 'token/lookup-self', 'id'],
  ['the token, by slashes', '/auth/', 'token/lookup-self', 'id'],
  ['the token, by two slashes', '//auth', '/token//lookup-self', 'id'],
  ['the token, encoded', '%61uth', 'token/lookup-self', 'id'],
  ['the token, with an encoded slash', 'auth%2ftoken', 'lookup-self', 'id'],
  ['the token, by a dot', './auth', 'token/lookup-self', 'id'],
  ['the token, out of a mount', 'secret/../auth', 'token/lookup-self', 'id'],
  ['the token, out of a path', 'secret', '../../auth/token/lookup-self', 'id'],
  ['the token, out of a path, encoded', 'secret', '%2e%2e/%2e%2e/auth/token/lookup-self', 'id'],
  ['the token, without a mount', '', 'auth/token/lookup-self', 'id'],
  ['the token, of a namespace', 'ns/auth', 'token/lookup-self', 'id'],
  ['the token, of the root namespace', 'root/auth', 'token/lookup-self', 'id'],
  ['the token, encoded twice', '%2561uth', 'token/lookup-self', 'id'],
  ['the token, by a backslash', 'secret\\..\\auth', 'token/lookup-self', 'id'],
  ['the token, by an encoded backslash', 'secret%5c..%5cauth', 'token/lookup-self', 'id'],
  ['the token, by an overlong dot', 'secret/%c0%ae%c0%ae/auth', 'token/lookup-self', 'id'],
  ['the token, by wide letters', '\uff41uth', 'token/lookup-self', 'id'],
  ['the token, by a hidden character', 'auth\u200b', 'token/lookup-self', 'id'],
  ['the token, by an encoded zero byte', 'auth%00', 'token/lookup-self', 'id'],
  ['the token, by a space', 'auth ', 'token/lookup-self', 'id'],
  ['the token, by the version of the API', 'v1/auth', 'token/lookup-self', 'id'],
  ['the token, out of a path with the version', 'secret', '../../../v1/auth/token/lookup-self', 'id'],
  ['the token, behind a query', 'secret?x=', '../auth/token/lookup-self', 'id'],
  ['the token, behind a fragment', 'secret#', '../auth/token/lookup-self', 'id'],
  ['the token, behind a parameter', 'secret;x', '../auth/token/lookup-self', 'id'],
  ['the token, as a wildcard', '+', 'token/lookup-self', 'id'],
  ['an older version by a query', 'secret', 'app/db?version=1', 'password'],
  ['a list of secrets', 'secret', 'app?list=true', 'keys'],
  ['the settings of the mount', 'secret', 'config', 'max_versions'],
  ['a wrapped answer', 'sys', 'wrapping/lookup', 'creation_path'],
  ['the raw storage', 'sys', 'raw/core/master', 'value'],
  ['mounts', 'sys', 'internal/ui/mounts', 'secret'],
  ['policies', 'sys', 'internal/ui/resultant-acl', 'root'],
  ['an identity', 'identity', 'oidc/.well-known/keys', 'keys'],
  ["the token's own store", 'cubbyhole', 'a', 'value'],
  ['the nested mount by its own name', 'team/transit', 'export/encryption-key/k', 'keys'],
  ["KV v2's documents", 'secret/data', 'app/db', 'data'],
  ["KV v2's metadata", 'secret/metadata', 'app/db', 'current_version'],
  ['a mount within a mount', 'deep/er/kv/data', 'a', 'data'],
  ['the connection of a database', 'database', 'config/app', 'connection_details'],
  ['the settings of a static role', 'database', 'static-roles/app', 'username'],
  ['a path behind a static role', 'database', 'static-creds/../config/app', 'connection_details'],
  ['a static role of a mount that is none', 'auth/token', 'static-creds/../lookup-self', 'id'],
];

const directory = tempDirectory();
afterAll(() => directory.remove());

describe.for([
  ['vault', startVault],
  ['openbao', startOpenBao],
] as const)('labels of a plugin with the documented policy at %s', ([kind, startServer]) => {
  let vault: Vault;
  let plugin: PluginProcess;

  async function send(method: string, path: string, body?: Record<string, unknown>): Promise<Record<string, unknown>> {
    const answer = await vault.request(method, path, body === undefined ? undefined : JSON.stringify(body));
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return (answer.body as { readonly data?: Record<string, unknown> } | undefined)?.data ?? {};
  }

  beforeAll(async () => {
    vault = await startServer({ dir: join(directory.path, kind) });
    await send('POST', 'secret/data/app/db', { data: { password: 'delivered' } });
    await send('POST', 'sys/mounts/team/transit', { type: 'transit' });
    await send('POST', 'team/transit/keys/k', { exportable: true });
    await send('POST', 'sys/mounts/database', { type: 'database' });
    await send('POST', 'sys/mounts/deep/er/kv', { type: 'kv', options: { version: '2' } });
    await waitFor(
      async () => (await vault.request('POST', 'deep/er/kv/data/a', { data: { value: 'raw' } })).status === 200,
      { timeoutMs: 10_000, what: 'the new mount to take a secret' },
    );
    if (kind === 'openbao') await send('POST', 'sys/namespaces/ns');
    // Without the rule that keeps the token from being read with itself: the plugin alone has to refuse.
    await send('PUT', 'sys/policies/acl/swarm', { policy: documented.replace(DENIED, '') + TOO_WIDE });
    await send('POST', 'sys/auth/approle', { type: 'approle' });
    await send('POST', 'auth/approle/role/swarm', {
      token_policies: 'swarm',
      token_ttl: '1h',
      token_bound_cidrs: '127.0.0.1/32',
      secret_id_bound_cidrs: '127.0.0.1/32',
    });
    const prefix = kind.toUpperCase();
    plugin = await startPlugin({
      dir: join(directory.path, `plugin-${kind}`),
      env: {
        PLUGIN_SOCKET: join(directory.path, `${kind}.sock`),
        DOCKER_HOST: `unix://${directory.path}/nobody.sock`,
        ENABLE_MONITORING: 'false',
        SECRETS_PROVIDER: kind,
        [`${prefix}_ADDR`]: vault.addr,
        [`${prefix}_AUTH_METHOD`]: 'approle',
        [`${prefix}_ROLE_ID`]: String((await send('GET', 'auth/approle/role/swarm/role-id')).role_id),
        [`${prefix}_SECRET_ID`]: String((await send('POST', 'auth/approle/role/swarm/secret-id')).secret_id),
      },
    });
    await plugin.waitReady();
  });
  afterAll(async () => {
    await plugin?.kill();
    await vault?.stop();
  });

  async function ask(
    labels: Readonly<Record<string, string>>,
  ): Promise<{ readonly Value?: string; readonly Err?: string }> {
    const named = Object.entries(labels).map(([name, value]) => [`${kind}_${name}`, value] as const);
    const { body } = await driverRequest(plugin.socketPath, '/SecretProvider.GetSecret', {
      SecretName: 'attack',
      SecretLabels: Object.fromEntries(named),
    });
    return JSON.parse(body);
  }

  test.each(attacks)('do not deliver %s', async (_what, mount, path, field) => {
    for (const labels of [
      { mount, path, field },
      { mount, path },
      { path: `${mount}/${path}`, field },
    ]) {
      const { Value, Err } = await ask(labels);
      expect(Value ?? '').toBe('');
      expect(Err).toMatch(/\[(INVALID_REF|ACCESS_DENIED|NOT_FOUND)\]/);
    }
  });

  test('do not take the provider from the others', async () => {
    // A hidden character; and a letter that is younger than many a server, which would refuse it as a hidden one.
    for (const letter of ['\u200b', '\u{1e5d0}']) {
      for (let round = 0; round < 10; round++) {
        for (const labels of [{ mount: `a${letter}${round}`, path: 'x' }, { path: `app/${letter}${round}` }]) {
          expect((await ask(labels)).Err).toMatch(/\[(INVALID_REF|ACCESS_DENIED|NOT_FOUND)\]/);
        }
      }
    }
    await send('POST', 'secret/data/app/after', { data: { password: 'delivered' } });
    expect(await ask({ path: 'app/after' })).toMatchObject({ Value: Buffer.from('delivered').toString('base64') });
  });

  test('deliver a secret that the policy allows, and name the rule for one that it does not', async () => {
    expect(documented).toContain(DENIED);
    for (const policy of [documented.replace(DENIED, ''), documented]) {
      await send('PUT', 'sys/policies/acl/swarm', { policy });
      expect(await ask({ path: 'app/db' })).toMatchObject({ Value: Buffer.from('delivered').toString('base64') });
      // The token is alive, which the plugin finds out also if it may not look itself up.
      const { Err } = await ask({ path: 'other/db', field: policy === documented ? 'a' : 'b' });
      expect(Err).toContain('[ACCESS_DENIED]');
      expect(Err).toContain('add path "secret/data/other/db" { capabilities = ["read"] }');
    }
  });
});
