// The orchestrator: services of equal worker processes. An update replaces one worker after the other: it starts a new one, and
// stops the old one when the new one works. If a new worker fails, the update is paused, and the other workers are not changed.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type {
  FailedTask,
  Orchestrator,
  OrchestratorChanges,
  RolloutReport,
  WorkloadSecret,
  WorkloadSnapshot,
  WorkloadTask,
  WriteOutcome,
} from '@vault-swarm/rotation';
import type { KeyRequest } from './key-server.ts';

const PROGRAM = fileURLToPath(new URL('./worker.ts', import.meta.url));

interface Worker {
  readonly id: string;
  readonly generation: number;
  readonly createdAtMs: number;
  readonly child: ChildProcess;
  state: 'starting' | 'running' | 'ended';
  hasKey: boolean;
  /** The fingerprint that the worker itself tells. */
  keyInUse: string | null;
}

interface Service {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly workers: Set<Worker>;
  readonly failures: FailedTask[];
  version: number;
  generation: number;
  rollout: RolloutReport;
}

export class ProcessPool implements Orchestrator, OrchestratorChanges {
  readonly displayName = 'the process pool';
  readonly #giveKey: (asked: KeyRequest) => Promise<string>;
  readonly #say: (text: string) => void;
  readonly #services = new Map<string, Service>();
  readonly #listeners = new Set<() => void>();
  #secret: WorkloadSecret = { id: '', name: '', labels: {} };
  #started = 0;

  constructor(giveKey: (asked: KeyRequest) => Promise<string>, say: (text: string) => void) {
    this.#giveKey = giveKey;
    this.#say = say;
  }

  /** Starts services of so many workers each, which all use one key. */
  start(sizes: Readonly<Record<string, number>>, keyName: string): void {
    this.#secret = { id: keyName, name: keyName, labels: { key_name: keyName } };
    for (const [name, size] of Object.entries(sizes)) {
      const rollout: RolloutReport = { state: 'none', message: '', startedAtMs: null, resumable: false };
      const service = {
        id: name,
        name,
        size,
        workers: new Set<Worker>(),
        failures: [],
        version: 1,
        generation: 1,
        rollout,
      };
      this.#services.set(name, service);
      for (let count = 0; count < size; count++) void this.#launch(service);
    }
  }

  /** Ends all workers. */
  async stop(): Promise<void> {
    const services = [...this.#services.values()];
    this.#services.clear();
    await Promise.all(services.flatMap(({ workers }) => [...workers].map(end)));
  }

  /** Which key each worker works with, in its own words. */
  keysInUse(): readonly (string | null)[] {
    return [...this.#services.values()].flatMap(({ workers }) => [...workers].map(({ keyInUse }) => keyInUse));
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async observe(): Promise<WorkloadSnapshot> {
    const services = [...this.#services.values()].map((service) => ({
      id: service.id,
      name: service.name,
      version: service.version,
      generation: service.generation,
      fingerprint: PROGRAM,
      kind: 'service' as const,
      desiredTasks: service.size,
      secretIds: [this.#secret.id],
      formerSecretIds: [],
      rollout: service.rollout,
      tasks: [...service.workers].map(taskOf),
    }));
    return { secrets: [this.#secret], services };
  }

  async findTask(workerId: string): Promise<WorkloadTask | null> {
    const workers = [...this.#services.values()].flatMap((service) => [...service.workers]);
    const found = workers.find(({ id }) => id === workerId);
    return found === undefined ? null : taskOf(found);
  }

  async failures(serviceId: string): Promise<readonly FailedTask[]> {
    return this.#services.get(serviceId)?.failures ?? [];
  }

  async roll(serviceId: string, version: number, generation: number): Promise<WriteOutcome> {
    const service = this.#services.get(serviceId);
    if (service?.version !== version) return 'conflict';
    service.version += 1;
    service.generation = generation;
    service.rollout = { state: 'rolling', message: '', startedAtMs: Date.now(), resumable: false };
    void this.#replaceWorkers(service, generation);
    return 'applied';
  }

  /** Ends early where a later generation is rolled meanwhile, or the pool is stopped. */
  async #replaceWorkers(service: Service, generation: number): Promise<void> {
    while (service.generation === generation && this.#services.has(service.id)) {
      const old = [...service.workers].find((worker) => worker.generation < generation);
      if (old === undefined) {
        service.rollout = { ...service.rollout, state: 'completed' };
        this.#changed();
        return;
      }
      if (!(await this.#launch(service))) {
        if (service.generation !== generation) return;
        service.rollout = { ...service.rollout, state: 'paused', message: 'a new worker does not work' };
        this.#changed();
        return;
      }
      await end(old);
    }
  }

  /** Starts a worker, and resolves to whether it works. */
  #launch(service: Service): Promise<boolean> {
    this.#started += 1;
    const child = fork(PROGRAM);
    const worker: Worker = {
      id: `${service.name}-${this.#started}`,
      generation: service.generation,
      createdAtMs: Date.now(),
      child,
      state: 'starting',
      hasKey: false,
      keyInUse: null,
    };
    service.workers.add(worker);
    this.#changed();
    return new Promise((resolve) => {
      child.on('message', (message: 'which key?' | { readonly worksWith: string }) => {
        if (message === 'which key?') void this.#answer(service, worker);
        else {
          worker.state = 'running';
          worker.keyInUse = message.worksWith;
          this.#say(`pool: ${worker.id} works with key ${worker.keyInUse}`);
          this.#changed();
          resolve(true);
        }
      });
      child.once('exit', (code) => {
        service.workers.delete(worker);
        if (worker.state !== 'ended') service.failures.push(failure(worker, `it exited with code ${code}`));
        this.#say(`pool: ${worker.id} ended`);
        this.#changed();
        resolve(false);
      });
    });
  }

  async #answer(service: Service, worker: Worker): Promise<void> {
    try {
      const key = await this.#giveKey({ service, workerId: worker.id, secret: this.#secret });
      worker.hasKey = true;
      worker.child.send({ key });
    } catch (error) {
      this.#say(`pool: ${worker.id} gets no key: ${error instanceof Error ? error.message : error}`);
      worker.child.kill();
    }
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function taskOf({ id, generation, createdAtMs, state }: Worker): WorkloadTask {
  return { id, generation, createdAtMs, state, reason: '' };
}

async function end(worker: Worker): Promise<void> {
  worker.state = 'ended';
  if (!worker.child.kill()) return;
  await once(worker.child, 'exit');
}

function failure({ id, generation, createdAtMs, hasKey }: Worker, message: string): FailedTask {
  const endedAtMs = Date.now();
  return {
    id,
    generation,
    fingerprint: PROGRAM,
    // A worker that never had its key says nothing about the key.
    started: hasKey,
    undelivered: !hasKey,
    nodeReady: true,
    ranMs: hasKey ? endedAtMs - createdAtMs : null,
    endedAtMs,
    message,
  };
}
