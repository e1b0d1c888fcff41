import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { BenchSecret } from './catalog.ts';
import type { LabelTemplate } from './label-template.ts';

/** The number of services, and of tasks and secrets in each. */
export interface ManyServicesOptions {
  readonly services: number;
  readonly tasks: number;
  readonly secretsPerService: number;
}

/** The requests to the fake so far. */
export interface ManyServicesCounts {
  /** The number of requests for the tasks that should run: one for each pass. */
  readonly taskLists: number;
  /** The bytes of all responses. */
  readonly bytes: number;
  /** The number of completed service updates. */
  readonly updated: number;
  /** The maximum of concurrent service updates. */
  readonly updatingAtMost: number;
}

/** The options of the fake's thread. */
export interface ManyServicesData extends ManyServicesOptions {
  readonly socketPath: string;
  readonly secrets: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[];
}

/** A fake Docker engine with many services. It executes updates: each new task requests its secrets from the driver. */
export interface ManyServices {
  /** As in DOCKER_HOST. */
  readonly host: string;
  /** Sets the driver from which tasks request their secrets. */
  drivenBy(socketPath: string): void;
  counts(): Promise<ManyServicesCounts>;
  close(): Promise<void>;
}

/** Starts a fake in its own thread, so that its long responses do not disturb measurements. */
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
