import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { EventBus } from '@vault-swarm/kernel';
import { type Moto, startMoto, tempDirectory } from '@vault-swarm/lab';
import { realClock } from '@vault-swarm/lab/clocks';
import { openDocument } from '@vault-swarm/lab/documents';
import { probeAll, readTextOf } from '@vault-swarm/lab/provider-calls';
import type { ProductEvent } from '@vault-swarm/provider';
import { describeProviderContract, textOf } from '@vault-swarm/provider-contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providerOf, refTo, variablesFor } from './testing/configured.ts';

const directory = tempDirectory();
let moto: Moto;
let admin: SecretsManagerClient;
let made = 0;

beforeAll(async () => {
  moto = await startMoto({ dir: join(directory.path, 'moto') });
  admin = new SecretsManagerClient({
    endpoint: moto.endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'admin', secretAccessKey: 'admin' },
  });
});
afterAll(async () => {
  admin?.destroy();
  await moto?.stop();
  await directory.remove();
});

type Value = { readonly SecretString: string } | { readonly SecretBinary: Uint8Array };

/** Makes the secret, or a new version of it. */
async function put(name: string, value: Value): Promise<void> {
  const known = await admin.send(new DescribeSecretCommand({ SecretId: name })).catch(() => undefined);
  if (known === undefined) await admin.send(new CreateSecretCommand({ Name: name, ...value }));
  else await admin.send(new PutSecretValueCommand({ SecretId: name, ...value }));
}

const double = 'moto can not do that; our double shows it';

describeProviderContract('aws, on moto', {
  capabilities: {
    bytes: true,
    pins: true,
    oldRevisions: true,
    order: 'moto tells times in whole seconds',
    exactNumbers: true,
    createdAt: true,
    markers: true,
    outage: double,
    hang: double,
    drip: double,
    throttling: double,
    withdrawal: double,
    hold: double,
    locations: double,
    checksum: 'AWS sends none of the value',
    login: 'moto takes any keys; our double shows it',
    denial: 'moto refuses in XML, which AWS does not; our double shows it',
    digestRevisions: 'AWS has version ids, and a write makes a new one',
    hints: 'AWS tells nobody of a change without services of its own',
  },
  async setUp() {
    const prefix = `contract-${++made}/`;
    return {
      largestValueBytes: 65_536,
      open: async (tools) => providerOf(variablesFor(moto.endpoint), tools),
      write: (name, payload) => put(prefix + name, { SecretString: textOf(payload) }),
      async delete(name) {
        await admin.send(new DeleteSecretCommand({ SecretId: prefix + name, ForceDeleteWithoutRecovery: true }));
      },
      ref: (name, options = {}) => refTo(prefix + name, options),
      tearDown: async () => {},
      bytes: { write: (name, bytes) => put(prefix + name, { SecretBinary: bytes }) },
      pins: {
        async current(name) {
          const { VersionIdsToStages: versions = {} } = await admin.send(
            new DescribeSecretCommand({ SecretId: prefix + name }),
          );
          const [id] = Object.entries(versions).find(([, stages]) => stages.includes('AWSCURRENT')) ?? [];
          if (id === undefined) throw new Error(`${name} has no current version`);
          return id;
        },
        missing: '00000000-0000-4000-8000-000000000000',
      },
    };
  },
});

test('a secret that another service of AWS manages is read and probed by name and by ARN', async () => {
  const name = 'rds!cluster-9f1c';
  await put(name, { SecretString: '{"username":"admin","password":"first"}' });
  const { ARN: arn = '' } = await admin.send(new DescribeSecretCommand({ SecretId: name }));
  const provider = providerOf(variablesFor(moto.endpoint));
  try {
    for (const id of [name, arn]) {
      const ref = refTo(id, { field: 'password' });
      expect(await readTextOf(provider, ref)).toBe('first');
      expect(await probeAll(provider, ref)).toMatchObject([{ kind: 'marker' }]);
    }
  } finally {
    await provider.close();
  }
});

describe('an identity is found', () => {
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...nobody } = variablesFor('');
  const role = 'arn:aws:iam::123456789012:role/swarm';

  /** Reads a secret with what these variables and files give, and tells the logins that it took. */
  async function readAs(variables: Record<string, string>, files: Record<string, string> = {}) {
    const home = await mkdtemp(join(tmpdir(), 'aws-home-'));
    await mkdir(home, { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(home, name), text);
    const inHome = Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, value.replace('HOME/', `${home}/`)]),
    );
    const logins: (number | null)[] = [];
    const events = new EventBus<ProductEvent>(realClock);
    events.subscribe((event) => {
      if (event.type === 'provider.login') logins.push(event.expiresAtMs);
    });
    const provider = providerOf({ ...nobody, AWS_ENDPOINT_URL: moto.endpoint, ...inHome }, { events });
    try {
      await put('known', { SecretString: 'x' });
      return { text: await readTextOf(provider, refTo('known')), logins };
    } finally {
      await provider.close();
      await rm(home, { recursive: true });
    }
  }

  test('by a token from a file', async () => {
    const { text, logins } = await readAs(
      { AWS_WEB_IDENTITY_TOKEN_FILE: 'HOME/token', AWS_ROLE_ARN: role },
      { token: 'a.b.c' },
    );
    expect(text).toBe('x');
    expect(logins).toEqual([expect.any(Number)]);
    expect(logins[0]).toBeGreaterThan(Date.now());
  });

  test('by a profile with keys', async () => {
    const files = { credentials: '[prod]\naws_access_key_id = AKIA\naws_secret_access_key = secret\n' };
    const { text, logins } = await readAs(
      { AWS_PROFILE: 'prod', AWS_SHARED_CREDENTIALS_FILE: 'HOME/credentials', AWS_CONFIG_FILE: 'HOME/config' },
      { ...files, config: '' },
    );
    expect({ text, logins }).toEqual({ text: 'x', logins: [null] });
  });

  test('by a profile that assumes a role', async () => {
    const files = {
      credentials: '[base]\naws_access_key_id = AKIA\naws_secret_access_key = secret\n',
      config: `[profile prod]\nrole_arn = ${role}\nsource_profile = base\nregion = eu-west-1\n`,
    };
    const { text, logins } = await readAs(
      { AWS_PROFILE: 'prod', AWS_SHARED_CREDENTIALS_FILE: 'HOME/credentials', AWS_CONFIG_FILE: 'HOME/config' },
      files,
    );
    expect(text).toBe('x');
    expect(logins[0]).toBeGreaterThan(Date.now());
  });

  test('by a profile that asks a program', async () => {
    const identity = {
      Version: 1,
      AccessKeyId: 'AKIAPROGRAM',
      SecretAccessKey: 'secret',
      SessionToken: 'token',
      Expiration: new Date(Date.now() + 3_600_000).toISOString(),
    };
    const { text, logins } = await readAs(
      { AWS_PROFILE: 'prod', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_CONFIG_FILE: 'HOME/config' },
      { config: `[profile prod]\ncredential_process = echo '${JSON.stringify(identity)}'\nregion = eu-west-1\n` },
    );
    expect({ text, logins }).toEqual({ text: 'x', logins: [Date.parse(identity.Expiration)] });
  });
});

test("AWS's identity service takes the policy of the guide", async () => {
  const guide = openDocument('docs/guides/aws.md', import.meta.filename);
  const create = (PolicyDocument: string) =>
    fetch(moto.endpoint, {
      method: 'POST',
      headers: { Authorization: 'AWS4-HMAC-SHA256 Credential=admin/20260101/us-east-1/iam/aws4_request' },
      body: new URLSearchParams({ Action: 'CreatePolicy', Version: '2010-05-08', PolicyName: 'swarm', PolicyDocument }),
    });
  expect((await create('{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}')).status).toBe(400);
  const taken = await create(guide.take('1. Let the plugin read them', 'json'));
  expect(taken.status, await taken.text()).toBe(200);
  expect(guide.left()).toEqual([]);
});
