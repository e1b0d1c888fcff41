// The files of examples/, read with the plugin's own code. examples.integration.test.ts deploys them.
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { parseEnv } from 'node:util';
import { awsLabelScheme } from '@vault-swarm/aws/config';
import { openDocument } from '@vault-swarm/lab/documents';
import { AccessGuard, describeRef, LabelReader, type SecretRef } from '@vault-swarm/provider';
import { vaultLabelScheme } from '@vault-swarm/vault/config';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfigFile } from './config-file.ts';
import { parseConfiguration } from './configuration.ts';

interface StackFile {
  readonly services: Readonly<Record<string, { readonly environment?: Readonly<Record<string, string>> }>>;
  readonly secrets?: Readonly<
    Record<string, { readonly driver?: string; readonly labels?: Readonly<Record<string, string>> }>
  >;
}

const root = resolve(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(resolve(root, path), 'utf8');
/** Replaces variables as `docker stack deploy` does: by the default, else by the given value. */
const fill = (text: string, given: Readonly<Record<string, string>>) =>
  text.replace(
    /\$\{([A-Z_]+)(?::(-|\?)([^}]*))?\}/g,
    (_, name, kind, rest = '') => given[name] ?? (kind === '-' ? rest : ''),
  );
const stack = (path: string, given: Readonly<Record<string, string>> = {}): StackFile =>
  parse(fill(read(path), given)) as StackFile;
/** The environment of the plugin's service, as text. */
const environmentOf = (file: StackFile) =>
  Object.fromEntries(
    Object.entries(file.services.plugin?.environment ?? {}).map(([name, value]) => [name, String(value)]),
  );
const labelReader = new LabelReader([
  { name: 'vault', scheme: vaultLabelScheme({ mount: 'secret' }) },
  { name: 'aws', scheme: awsLabelScheme },
]);
/** Where the secrets of a stack file are, as the plugin reads their labels. */
const refsOf = (file: StackFile, service: string) =>
  Object.entries(file.secrets ?? {})
    .filter(([, { driver }]) => driver !== undefined)
    .map(([name, { driver, labels = {} }]) => {
      expect(driver).toBe('vault-secrets-plugin');
      const { ref } = labelReader.read(labels, name, service);
      return [name, `${describeRef(ref)}, ${ref.encoding}`];
    });

test('every example is listed, and has a description', () => {
  const directories = globSync('examples/*/README.md', { cwd: root }).map((path) => path.split('/')[1]);
  const listed = [...read('examples/README.md').matchAll(/^\| \[([a-z-]+)\]\(\1\/README\.md\) \|/gm)].map(
    ([, name]) => name,
  );
  expect(listed.sort()).toEqual(directories.sort());
});

test.each([
  [
    'postgresql-leases/stack.yml',
    [
      ['db_admin', 'vault secret/shop/db-admin, field password, raw'],
      ['db_login', 'vault database/creds/shop, dotenv'],
    ],
  ],
  ['traefik-pki/stack.yml', [['tls', 'vault pki/issue/web, pem-bundle']]],
  [
    'aws/stack.yml',
    [
      ['db_password', 'aws swarm/shop/db, field password, raw'],
      ['api_key', 'aws swarm/shop/api-key, raw'],
    ],
  ],
  [
    'prometheus-grafana/stack.yml',
    [['grafana_admin_password', 'vault secret/monitoring/grafana, field password, raw']],
  ],
])("the labels of %s name the places of the example's description", (file, refs) => {
  expect(refsOf(stack(`examples/${file}`), 'web')).toEqual(refs);
});

describe('the settings of the plugin', () => {
  const given = { VAULT_ADDR: 'https://vault.internal:8200', VAULT_ROLE_ID: 'a-role' };
  const base = environmentOf(stack('docker/stack.yml', given));
  const contents: Readonly<Record<string, string>> = {
    '/etc/vault-swarm/config.yaml': read('examples/team-policy/config.yaml'),
    '/run/vault-ca.pem': rootCertificates[0] ?? '',
  };
  const readFile = (path: string) => contents[path] ?? `a-credential-of-${path}`;
  const check = async (settings: Readonly<Record<string, string>>) =>
    parseConfiguration(settings, readFile, await readConfigFile(settings, readFile));

  test.each([
    ['vault-private-ca/stack.yml', base],
    ['team-policy/stack.yml', base],
    ['prometheus-grafana/plugin.yml', base],
    ['aws/plugin.yml', {}],
  ])('of %s are accepted', async (file, beside) => {
    const own = environmentOf(stack(`examples/${file}`, given));
    expect(Object.keys(own).length).toBeGreaterThan(0);
    expect(await check({ ...beside, ...own })).toMatchObject({ ok: true });
  });

  test('of the managed plugin are accepted', async () => {
    const description = openDocument('examples/managed-plugin/README.md', import.meta.filename);
    const { 'credentials.source': source, ...settings } = parseEnv(
      description.take('The managed plugin on all managers', 'ini'),
    );
    expect(source).toBe('/etc/vault-swarm');
    expect(await check(settings as Record<string, string>)).toMatchObject({ ok: true });
    expect(description.left()).toEqual([]);
  });

  test.each([
    ['shop', 'shop_web', 'shop/db', null],
    ['shop', 'shop_web', 'pay/card', 'denies'],
    ['pay', 'pay_api', 'pay/card', null],
    ['pay', 'pay_web', 'pay/card', 'denies'],
    ['pay', 'pay_web', 'common/ca', null],
    [undefined, 'shop_web', 'shop/db', 'denies'],
  ])('of the policy: stack %s, service %s, path %s', async (team, service, path, denial) => {
    const checked = await check({ ...base, CONFIG_FILE: '/etc/vault-swarm/config.yaml' });
    if (!checked.ok) throw new Error('the policy is refused');
    const access = new AccessGuard(checked.configuration.access.policy);
    const ref: SecretRef = { provider: 'vault', location: { mount: 'secret', path }, encoding: 'raw' };
    const decision = access.check({ service, stack: team }, ref);
    if (denial === null) expect(decision).toBeNull();
    else expect(decision).toMatchObject({ message: expect.stringContaining(denial), isEnforced: true });
  });
});

test("the AWS policy has only the rights of the guide, for the example's secrets", () => {
  const { Statement } = JSON.parse(read('examples/aws/iam-policy.json')) as {
    Statement: readonly { readonly Action: string | readonly string[]; readonly Resource: string }[];
  };
  const guide = read('docs/guides/aws.md');
  const actions = Statement.flatMap(({ Action }) => Action);
  expect(actions.filter((action) => !guide.includes(action))).toEqual([]);
  expect(Statement[0]?.Resource).toMatch(/:secret:swarm\/\*$/);
});
