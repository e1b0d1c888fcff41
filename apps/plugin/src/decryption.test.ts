import { EventBus } from '@vault-swarm/kernel';
import { openDocument } from '@vault-swarm/lab/documents';
import { LabelReader, type Labels, type ProductEvent } from '@vault-swarm/provider';
import { vaultModule } from '@vault-swarm/vault/config';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfiguration } from './configuration.ts';
import { LazyDecryptor } from './decryption.ts';
import { systemClock } from './system/clock.ts';

const vault = { SECRETS_PROVIDER: 'vault', VAULT_TOKEN: 'root', LEDGER_KEY: 'only-for-tests' };

function configured(variables: Readonly<Record<string, string>>) {
  const parsed = parseConfiguration({ ...vault, ...variables }, () => 'a-credential\n');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.configuration;
}

test('with the AWS settings of the environment values of every provider can be decrypted', () => {
  const { decryption, ownFiles, credentials } = configured({
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID_FILE: '/aws/id',
    AWS_SECRET_ACCESS_KEY_FILE: '/aws/key',
  });
  expect(decryption).toMatchObject({ problem: null, config: { region: 'eu-west-1' } });
  expect(ownFiles.map(({ path }) => path)).toEqual(expect.arrayContaining(['/aws/id', '/aws/key']));
  expect(credentials.map(({ variable }) => variable)).toEqual(['AWS_ACCESS_KEY_ID_FILE', 'AWS_SECRET_ACCESS_KEY_FILE']);
});

test.each<[Readonly<Record<string, string>>, string]>([
  [{}, 'AWS KMS decrypts it, so set AWS_REGION and the credentials of AWS'],
  [{ AWS_ACCESS_KEY_ID: 'AKIA' }, 'so set AWS_REGION'],
  [{ AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKIA' }, 'these settings are wrong: AWS_SECRET_ACCESS_KEY'],
])('with %j the plugin starts, and a secret that needs decryption says what to set', (variables, problem) => {
  const { schemes, decryption } = configured(variables);
  const reader = new LabelReader(schemes, [], decryption.problem);
  expect(() => reader.read({ vault_path: 'db', kms_decrypt: 'true' }, 'db', 'web')).toThrow(problem);
  expect(reader.read({ vault_path: 'db' }, 'db', 'web').ref.decryption).toBeUndefined();
});

test('without a configuration nothing is loaded', async () => {
  const lazy = new LazyDecryptor(configured({}).decryption, {
    clock: systemClock,
    events: new EventBus<ProductEvent>(systemClock),
  });
  await expect(lazy.find()).rejects.toThrow('decryption is not configured');
  await lazy.close();
});

test('the labels of the guide mean a decryption with a context', () => {
  const guide = openDocument('docs/guides/aws.md', import.meta.filename);
  const { secrets } = parse(guide.take('Decrypt values with AWS KMS', 'yaml')) as {
    readonly secrets: Readonly<Record<string, { readonly labels: Labels }>>;
  };
  const { ref } = new LabelReader([{ name: 'vault', scheme: vaultModule.labels() }]).read(
    secrets.db_password?.labels ?? {},
    'db_password',
    'web',
  );
  expect(ref.decryption).toEqual({ encoding: 'base64', context: { app: 'shop' } });
  expect(guide.left()).toEqual([]);
});
