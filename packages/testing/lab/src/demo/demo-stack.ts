import { randomBytes } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../process/wait-for.ts';
import { attachEngine, type Engine } from '../swarm/engine.ts';
import { importImage, labImage } from '../swarm/image.ts';
import { createDriverSecret, createService, type ServiceOptions, startSwarm } from '../swarm/swarm.ts';

/** The demo's stack: two services, two secrets each, one of them shared. */
export const services = [
  { name: 'web', replicas: 3, secrets: ['api-key', 'web-password'], updateConfig: { order: 'start-first' } },
  { name: 'worker', replicas: 1, secrets: ['api-key', 'worker-token'], updateConfig: { order: 'start-first' } },
] as const satisfies readonly ServiceOptions[];

/** The secret that the demo changes. Every service uses it. */
export const rotated = 'api-key';

const secrets = [...new Set(services.flatMap((service) => service.secrets))];

/** The directory of the file provider, with one file per secret. */
export class SecretFiles {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Writes a first value for each secret. */
  async fill(): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    for (const name of secrets) await this.change(name);
  }

  /** Writes a new random value for a secret. Resolves to it. The file is replaced atomically, so that no reader gets half of it. */
  async change(name: string): Promise<string> {
    const value = `${name}-${randomBytes(6).toString('hex')}`;
    const next = join(this.directory, `.${name}.next`);
    await writeFile(next, value, { mode: 0o600 });
    await rename(next, join(this.directory, name));
    return value;
  }
}

/** The Swarm of the demo, and how to restore it. */
export interface DemoSwarm {
  readonly engine: Engine;
  /** Flags that place services on the node whose containers the demo can read. */
  readonly flags: readonly string[];
  /** Removes all that the demo created. Called when the plugin has ended. */
  restore(): Promise<void>;
}

/** Starts a Swarm for the demo, which ends with its sandbox. */
export async function startOwnSwarm(dir: string): Promise<DemoSwarm> {
  const engine = await startSwarm({ dir });
  return { engine, flags: [], restore: () => engine.kill() };
}

/**
 * Uses the Swarm of DOCKER_HOST.
 *
 * @throws if it is no Swarm manager on this machine, or has services or secrets with the names of the demo.
 */
export async function useExistingSwarm(host: string, dir: string, driver: string): Promise<DemoSwarm> {
  const engine = await attachEngine(host, dir);
  const { Swarm: swarm } = (await engine.api('GET', '/info')) as {
    Swarm?: { ControlAvailable?: boolean; NodeID?: string };
  };
  if (swarm?.ControlAvailable !== true) throw new Error(`DOCKER_HOST=${host} is no Swarm manager`);
  for (const [kind, names] of [
    ['service', services.map(({ name }) => name)],
    ['secret', secrets],
  ] as const) {
    for (const name of names) {
      if ((await engine.docker(kind, 'inspect', name)).code === 0)
        throw new Error(`${host} has a ${kind} named ${name}`);
    }
  }
  await importImage(engine);
  return {
    engine,
    flags: ['--constraint', `node.id==${swarm.NodeID}`],
    restore: async () => {
      await engine.docker('service', 'rm', ...services.map(({ name }) => name));
      await engine.docker('secret', 'rm', ...secrets);
      // The plugin's ledger is the only config with the driver's name in its name.
      const ledger = await engine.docker('config', 'ls', '--quiet', '--filter', `name=${driver}`);
      if (ledger.stdout.trim() !== '') await engine.docker('config', 'rm', ...ledger.stdout.trim().split('\n'));
      // The image can be removed only after the last container.
      await waitFor(async () => (await engine.docker('image', 'rm', labImage)).code === 0, {
        timeoutMs: 30_000,
        what: `the containers of ${labImage} to be gone`,
      });
    },
  };
}

/** Creates the stack's secrets and services. */
export async function deploy({ engine, flags }: DemoSwarm, driver: string): Promise<void> {
  for (const name of secrets) await createDriverSecret(engine, { name, driver, labels: { file_path: name } });
  for (const service of services) await createService(engine, { ...service, flags });
}
