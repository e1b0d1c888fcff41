import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { BenchSecret } from './catalog.ts';
import type { LabelTemplate } from './label-template.ts';

/** How many services there are, with so many tasks and secrets each. */
export interface ManyServicesOptions {
  readonly services: number;
  readonly tasks: number;
  readonly secretsPerService: number;
}

/** What was asked of the double so far. */
export interface ManyServicesCounts {
  /** Lists of all tasks that were read. */
  readonly taskLists: number;
  /** Bytes of all answers. */
  readonly bytes: number;
  /** Services whose tasks were replaced by an update. */
  readonly updated: number;
  /** Services that were being updated at the same time, at most. */
  readonly updatingAtMost: number;
}

/** What the thread of the double is started with. */
export interface ManyServicesData extends ManyServicesOptions {
  readonly socketPath: string;
  readonly secrets: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[];
}

/** A Docker engine with many services that are really updated: each new task asks the driver for its secrets. */
export interface ManyServices {
  /** As in DOCKER_HOST. */
  readonly host: string;
  /** From now on tasks ask this driver. */
  drivenBy(socketPath: string): void;
  counts(): Promise<ManyServicesCounts>;
  close(): Promise<void>;
}

/** Starts a double in a thread of its own, so that the long lists that it writes disturb nobody who measures. */
export async function startManyServices(
  socketPath: string,
  secrets: readonly BenchSecret[],
  labels: LabelTemplate,
  options: ManyServicesOptions,
): Promise<ManyServices> {
  const workerData: ManyServicesData = {
    ...options,
    socketPath,
    secrets: secrets.map((secret) => ({ name: secret.name, labels: labels(secret) })),
  };
  const worker = new Worker(new URL('./many-services-thread.ts', import.meta.url), {
    workerData,
    execArgv: ['--conditions=@vault-swarm/source'],
  });
  await once(worker, 'message');
  return {
    host: `unix://${socketPath}`,
    drivenBy: (path) => worker.postMessage({ drivenBy: path }),
    counts: async () => {
      worker.postMessage({});
      const [counts] = await once(worker, 'message');
      return counts;
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
