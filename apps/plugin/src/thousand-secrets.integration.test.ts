import { join } from 'node:path';
import {
  type AwsFake,
  createService,
  labImage,
  type OwnEngine,
  type PluginProcess,
  startAwsFake,
  startPlugin,
  startSwarm,
  startVault,
  startVaultProxy,
  tempDirectory,
  type Vault,
  type VaultProxy,
  waitFor,
  waitForTaskValues,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'thousand-secrets-test';
const SECRETS_EACH = 500;
/** AWS lists a hundred secrets in a call. */
const CALLS_OF_A_LIST = SECRETS_EACH / 100;
/** More than one, so that it was no poll that had started before. */
const LOOKS_MEANWHILE = 3;
const IN_TIME = 90_000;

type Name = 'vault' | 'aws';
const names: readonly Name[] = ['vault', 'aws'];

const directory = tempDirectory();
let engine: OwnEngine;
let vault: Vault;
let proxy: VaultProxy;
let aws: AwsFake;
let plugin: PluginProcess;
let written = 0;

/** What a test does with a provider. */
interface Side {
  /** Gives its first secret, which a running task has, a new value. */
  write(value: string): Promise<void>;
  /** Requests that it was sent so far. */
  requests(): Promise<number>;
  /** How often all of its secrets were checked so far, the poll that is in progress included. */
  looks(): Promise<number>;
  /** Leaves requests without an answer until the function that it resolves to is called. */
  hang(): Promise<() => Promise<void>>;
}

const sides: Readonly<Record<Name, Side>> = {
  vault: {
    write: async (password) => {
      await vault.request('POST', 'secret/data/app/0', { data: { password } });
    },
    requests: async () => (await proxy.counts()).requests,
    looks: async () => (await proxy.counts()).byPath['GET secret/metadata/app/0'] ?? 0,
    hang: async () => {
      await proxy.setFaults({ kind: 'hang' });
      return () => proxy.setFaults();
    },
  },
  aws: {
    write: async (value) => {
      aws.secrets().write('app/0', { SecretString: value });
    },
    requests: async () => aws.counts().calls,
    looks: async () => Math.ceil((aws.counts().byOperation.ListSecrets ?? 0) / CALLS_OF_A_LIST),
    hang: async () => {
      const end = aws.disturb({ fault: { kind: 'hang' } });
      return async () => end();
    },
  },
};

/** Makes what Docker knows of all secrets: those of a provider but the first are in services without tasks. */
async function deploy(name: Name): Promise<void> {
  const ids = new Map<string, string>();
  const numbers = Array.from({ length: SECRETS_EACH }, (_, number) => number).values();
  const create = async () => {
    for (const number of numbers) {
      const Name = `${name}-${number}`;
      const Labels =
        name === 'vault'
          ? { vault_path: `app/${number}`, vault_field: 'password' }
          : { aws_secret_name: `app/${number}` };
      const { ID } = (await engine.api('POST', '/secrets/create', { Name, Labels, Driver: { Name: DRIVER } })) as {
        readonly ID: string;
      };
      ids.set(Name, ID);
    }
  };
  await Promise.all(Array.from({ length: 8 }, create));
  await createService(engine, { name: `${name}-app`, secrets: [`${name}-0`] });
  const Secrets = [...ids].map(([SecretName, SecretID]) => ({
    SecretName,
    SecretID,
    File: { Name: SecretName, UID: '0', GID: '0', Mode: 0o444 },
  }));
  await engine.api('POST', '/services/create', {
    Name: `${name}-store`,
    Mode: { Replicated: { Replicas: 0 } },
    TaskTemplate: { ContainerSpec: { Image: labImage, Secrets: Secrets.slice(1) } },
  });
}

const held = (name: Name, value: string) =>
  waitForTaskValues(engine, { service: `${name}-app`, secret: `${name}-0`, value, replicas: 1, timeoutMs: IN_TIME });

/** Writes a value; resolves to the looks that started from then until its service was updated. */
async function looksUntilRolled(name: Name): Promise<number> {
  const generation = async () => {
    const service = (await engine.api('GET', `/services/${name}-app`)) as {
      readonly Spec: { readonly TaskTemplate: { readonly ForceUpdate?: number } };
    };
    return service.Spec.TaskTemplate.ForceUpdate ?? 0;
  };
  const [before, looksBefore] = [await generation(), await sides[name].looks()];
  const value = `value-${++written}`;
  await sides[name].write(value);
  await waitFor(async () => (await generation()) > before, {
    timeoutMs: IN_TIME,
    intervalMs: 20,
    what: `${name}'s service to be updated`,
  });
  const looks = (await sides[name].looks()) - looksBefore;
  await held(name, value);
  return looks;
}

/** Waits until a provider was checked several times while one and the same request to the other had no answer. */
async function goesOnBeside(name: Name, hanging: Name): Promise<void> {
  let asked = -1;
  let looksThen = 0;
  await waitFor(
    async (see) => {
      const requests = await sides[hanging].requests();
      const looks = await sides[name].looks();
      if (requests !== asked) [asked, looksThen] = [requests, looks];
      see({ requests, looks });
      return looks - looksThen >= LOOKS_MEANWHILE;
    },
    { timeoutMs: IN_TIME, what: `checks ${name} while ${hanging} hangs` },
  );
}

beforeAll(async () => {
  [engine, vault, aws] = await Promise.all([
    startSwarm({ dir: join(directory.path, 'engine') }),
    startVault({ dir: join(directory.path, 'vault') }),
    startAwsFake(),
  ]);
  proxy = await startVaultProxy(vault.addr);
  for (let number = 0; number < SECRETS_EACH; number++) {
    await vault.request('POST', `secret/data/app/${number}`, { data: { password: `first-${number}` } });
    aws.secrets().write(`app/${number}`, { SecretString: `first-${number}` });
  }
  plugin = await startPlugin({
    dir: join(directory.path, 'plugin'),
    env: {
      PLUGIN_NAME: DRIVER,
      DOCKER_HOST: engine.host,
      SECRETS_PROVIDER: 'vault,aws',
      VAULT_ADDR: proxy.addr,
      VAULT_TOKEN: vault.rootToken,
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'only-for-tests',
      VAULT_ROTATION_INTERVAL: '1s',
      ENABLE_MONITORING: 'false',
    },
  });
  await plugin.waitReady();
  for (const name of names) {
    await deploy(name);
    await held(name, 'first-0');
  }
  // All values are read by then: what follows are checks secrets that are known.
  await waitFor(async () => Math.min(await sides.vault.looks(), await sides.aws.looks()) >= 5, {
    timeoutMs: IN_TIME,
    what: 'five checks both providers',
  });
});

afterEach(({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(`${plugin.logs().slice(-4_000)}\n`);
});

afterAll(async () => {
  await plugin?.kill('SIGTERM');
  await proxy?.close();
  await Promise.all([engine?.stop(), vault?.stop(), aws?.stop()]);
  await directory.remove();
});

test.for([
  ['vault', 'aws'],
  ['aws', 'vault'],
] as const)(
  'of a thousand secrets at two providers, those at %s are found changed and rolled out in as few looks while %s hangs',
  async ([name, hanging]) => {
    const alone = await looksUntilRolled(name);
    const end = await sides[hanging].hang();
    try {
      await goesOnBeside(name, hanging);
      // The poll that finds it may have one before it that had passed the secret already.
      expect(await looksUntilRolled(name)).toBeLessThanOrEqual(alone + 1);
    } finally {
      await end();
    }
    await looksUntilRolled(hanging);
  },
);
