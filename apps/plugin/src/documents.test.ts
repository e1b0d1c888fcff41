import { parseEnv } from 'node:util';
import { awsLabelScheme } from '@vault-swarm/aws/config';
import { openDocument } from '@vault-swarm/lab/documents';
import { describeRef, LabelReader } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfigFile } from './config-file.ts';
import { parseConfiguration } from './configuration.ts';

test("the reference's file with several providers is accepted unchanged", async () => {
  const reference = openDocument('docs/reference/environment.md', import.meta.filename);
  const yaml = reference.take('Several providers of one kind', 'yaml');
  const readFile = (path: string) => (path.startsWith('/run/secrets/') ? 'a-credential\n' : yaml);
  const given = { CONFIG_FILE: '/etc/vault-swarm/providers.yaml' };
  const parsed = parseConfiguration(given, readFile, await readConfigFile(given, readFile));
  expect(parsed).toMatchObject({
    ok: true,
    configuration: { providers: [{ name: 'vault-eu' }, { name: 'vault-us' }] },
  });
  expect(reference.left()).toEqual([]);
});

test("the guide to AWS has settings that are taken, and a secret's labels that name what it says", () => {
  const guide = openDocument('docs/guides/aws.md', import.meta.filename);
  const settings = guide.take('2. Set the credentials', 'ini');
  expect(parseConfiguration(parseEnv(settings), () => '')).toMatchObject({ ok: true });
  const { labels } = parse(guide.take('3. Name the secrets', 'yaml')).secrets.db_password;
  const { ref } = new LabelReader([{ name: 'aws', scheme: awsLabelScheme }]).read(labels, 'db_password', 'web');
  expect(describeRef(ref)).toBe('aws swarm/db, field password');
  expect(guide.left()).toEqual([]);
});
