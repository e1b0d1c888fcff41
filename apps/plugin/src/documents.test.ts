import { parseEnv } from 'node:util';
import { awsLabelScheme } from '@vault-swarm/aws/config';
import { azureLabelScheme } from '@vault-swarm/azure/config';
import { gcpLabelScheme } from '@vault-swarm/gcp/config';
import { openDocument } from '@vault-swarm/lab/documents';
import { AccessGuard, describeRef, LabelReader } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfigFile } from './config-file.ts';
import { parseConfiguration } from './configuration.ts';

test("the reference's files with several providers and with hooks are accepted unchanged", async () => {
  const reference = openDocument('docs/reference/environment.md', import.meta.filename);
  const yaml = reference.take('Several providers of one kind', 'yaml');
  const readFile = (path: string) => (path.startsWith('/run/secrets/') ? 'a-credential\n' : yaml);
  const given = { CONFIG_FILE: '/etc/vault-swarm/providers.yaml' };
  const parsed = parseConfiguration(given, readFile, await readConfigFile(given, readFile));
  expect(parsed).toMatchObject({
    ok: true,
    configuration: { providers: [{ name: 'vault-eu' }, { name: 'vault-us' }] },
  });
  const hooks = reference.take('Hooks', 'yaml');
  const secret = `whsec_${Buffer.alloc(32).toString('base64')}`;
  const readHooks = (path: string) => (path.startsWith('/run/secrets/') ? secret : hooks);
  const vault = { CONFIG_FILE: '/etc/vault-swarm/hooks.yaml', VAULT_TOKEN: 'root' };
  expect(parseConfiguration(vault, readHooks, await readConfigFile(vault, readHooks))).toMatchObject({
    ok: true,
    configuration: { hooks: [{ name: 'vault-audit', provider: 'vault' }] },
  });
  const receivers = reference.take('Notifications', 'yaml');
  const readReceivers = (path: string) => (path.startsWith('/run/secrets/') ? secret : receivers);
  const notifying = { CONFIG_FILE: '/etc/vault-swarm/notifications.yaml', VAULT_TOKEN: 'root' };
  expect(parseConfiguration(notifying, readReceivers, await readConfigFile(notifying, readReceivers))).toMatchObject({
    ok: true,
    configuration: {
      notifications: [{ name: 'ops', events: ['rollout.failed', 'quarantine.started', 'provider.failed'] }],
    },
  });
  expect(reference.left()).toEqual([]);
});

test('the hook of the guide is accepted', async () => {
  const guide = openDocument('docs/guides/hooks.md', import.meta.filename);
  const yaml = guide.take('1. Configure the hook', 'yaml');
  const read = (path: string) => (path === '/etc/vault-swarm/config.yaml' ? yaml : 'a-secret-of-a-hook');
  const given = { CONFIG_FILE: '/etc/vault-swarm/config.yaml', SECRETS_PROVIDER: 'aws', AWS_REGION: 'eu-west-1' };
  expect(parseConfiguration(given, read, await readConfigFile(given, read))).toMatchObject({
    ok: true,
    configuration: { hooks: [{ name: 'aws-events', provider: 'aws', kind: 'bearer' }] },
  });
  expect(guide.left()).toEqual([]);
});

test.each([
  ['aws', awsLabelScheme, '2. Set the credentials', 'aws swarm/db, field password'],
  ['azure', azureLabelScheme, '2. Set the login', 'azure shop-db, field password'],
  ['gcp', gcpLabelScheme, '2. Set the login', 'gcp shop-db, field password'],
] as const)(
  'the guide to %s has settings that are taken, and labels that name what it says',
  (kind, scheme, login, named) => {
    const guide = openDocument(`docs/guides/${kind}.md`, import.meta.filename);
    const settings = guide.take(login, 'ini');
    expect(parseConfiguration(parseEnv(settings), () => '')).toMatchObject({ ok: true });
    const { labels } = parse(guide.take('3. Name the secrets', 'yaml')).secrets.db_password;
    const { ref } = new LabelReader([{ name: kind, scheme }]).read(labels, 'db_password', 'web');
    expect(describeRef(ref)).toBe(named);
    expect(guide.left()).toEqual([]);
  },
);

test("the guide's access policy is accepted unchanged, and decides as the guide says", async () => {
  const guide = openDocument('docs/guides/access.md', import.meta.filename);
  const yaml = guide.take('Write a policy', 'yaml');
  const readFile = () => yaml;
  const given = { CONFIG_FILE: '/etc/vault-swarm/access.yaml', VAULT_TOKEN: 'for-tests' };
  const parsed = parseConfiguration(given, readFile, await readConfigFile(given, readFile));
  if (!parsed.ok) throw new Error('it is refused');
  const access = new AccessGuard(parsed.configuration.access.policy);
  const ref = { provider: 'vault', location: { mount: 'secret', path: 'shop/db' }, encoding: 'raw' } as const;
  expect(access.check({ service: 'shop_web', stack: 'shop' }, ref)).toBeNull();
  expect(access.check({ service: 'pay_web', stack: 'pay' }, ref)).toEqual({
    message: 'the access policy denies service pay_web vault secret/shop/db: rule 2 grants vault secret/common/*',
    isEnforced: false,
  });
  expect(guide.left()).toEqual([]);
});
