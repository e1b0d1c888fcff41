import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AwsFake, awsError, disturbanceByName, disturbanceOf, startAwsFake } from '@vault-swarm/lab';
import { describeProviderContract, startTcpProxy, type TcpProxy, textOf } from '@vault-swarm/provider-contract';
import { afterAll, beforeAll } from 'vitest';
import { providerOf, refTo, variablesFor } from './testing/configured.ts';

let aws: AwsFake;
let proxy: TcpProxy;
let made = 0;

beforeAll(async () => {
  aws = await startAwsFake();
  proxy = await startTcpProxy(aws.endpoint);
});
afterAll(async () => {
  await proxy?.close();
  await aws?.stop();
});

// What AWS itself does in these cases is known from its documentation only: the double follows that.
describeProviderContract('aws, on our double of it', {
  capabilities: {
    bytes: true,
    pins: true,
    oldRevisions: true,
    order: true,
    outage: true,
    hang: true,
    drip: true,
    denial: true,
    login: true,
    throttling: true,
    withdrawal: true,
    hold: true,
    locations: true,
    checksum: 'AWS sends none of the value',
    exactNumbers: true,
    createdAt: true,
    markers: true,
    digestRevisions: 'AWS has version ids, and a write makes a new one',
    hints: 'AWS tells nobody of a change without services of its own',
  },
  async setUp() {
    const prefix = `contract-${++made}/`;
    const directory = await mkdtemp(join(tmpdir(), 'aws-contract-'));
    const keyFile = join(directory, 'key');
    await writeFile(keyFile, 'AKIAGOOD\n');
    aws.accept('AKIAGOOD');
    const { AWS_ACCESS_KEY_ID: _, ...variables } = variablesFor(proxy.url);
    const secrets = aws.secrets();
    const elsewhere = aws.secrets('us-east-1');
    return {
      largestValueBytes: 65_536,
      open: async (tools) => providerOf({ ...variables, AWS_ACCESS_KEY_ID_FILE: keyFile }, tools),
      async write(name, payload) {
        secrets.write(prefix + name, { SecretString: textOf(payload) });
      },
      delete: async (name) => secrets.delete(prefix + name),
      ref: (name, options = {}) => refTo(prefix + name, options),
      async tearDown() {
        await rm(directory, { recursive: true });
      },
      bytes: {
        async write(name, bytes) {
          secrets.write(prefix + name, { SecretBinary: Buffer.from(bytes).toString('base64') });
        },
      },
      pins: {
        current: async (name) => secrets.version(prefix + name, undefined, undefined).version.id,
        missing: '00000000-0000-4000-8000-000000000000',
      },
      outage: proxy.outage,
      hang: proxy.hang,
      drip: proxy.drip,
      hold: proxy.hold,
      withdrawal: {
        start: async (name) => secrets.delete(prefix + name, { force: false }),
        end: async (name) => secrets.restore(prefix + name),
      },
      locations: {
        async write(name, payload) {
          elsewhere.write(prefix + name, { SecretString: textOf(payload) });
        },
        ref: (name) => refTo(elsewhere.find(prefix + name).arn),
      },
      throttling: disturbanceOf(() => aws.disturb({ fault: awsError('ThrottlingException', 'Rate exceeded') })),
      denial: disturbanceByName((name) => aws.deny('GetSecretValue', prefix + name)),
      login: {
        start: async () => aws.accept('AKIANEW'),
        end: () => writeFile(keyFile, 'AKIANEW\n'),
      },
    };
  },
});
