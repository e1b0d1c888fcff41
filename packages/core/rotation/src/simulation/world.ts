import { type Digest, EventBus, LabelReader, type LabelScheme, refKey, type TimedEvent } from '@vault-swarm/provider';
import { Rotation } from '../rotation.ts';
import type { RotationSettings } from '../rotation-ports.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { SimulatedProvider } from './simulated-provider.ts';
import { SimulatedSwarm } from './simulated-swarm.ts';

const scheme: LabelScheme = {
  kind: 'vault',
  names: ['vault_path'],
  target: (labels, defaultPath) => ({ location: { path: labels.vault_path ?? defaultPath() } }),
};

/** Not a digest anyone should use: it only has to tell values and keys apart. */
const digest: Digest = {
  digest: (key, bytes) => {
    let hash = 7;
    for (const byte of [...new TextEncoder().encode(key), ...bytes]) hash = (hash * 31 + byte) % 2 ** 40;
    return hash.toString(36).padStart(22, '0');
  },
  generateKey: () => 'generated-key',
};

/** The real rotation in a world that is simulated: clock, Swarm and provider. */
export class World {
  readonly clock = new SimulatedClock();
  readonly provider = new SimulatedProvider();
  readonly labels = new LabelReader([{ name: 'vault', scheme }]);
  readonly events: TimedEvent[] = [];
  /** What each task's containers really hold, by task and secret. */
  readonly containers = new Map<string, { readonly revision: string; readonly text: string | undefined }>();
  /** While set, no secret is delivered. */
  refuses = false;
  readonly swarm: SimulatedSwarm;
  readonly settings: RotationSettings;
  #rotation: Rotation | null = null;

  constructor(settings: Partial<RotationSettings> = {}) {
    this.settings = {
      enabled: true,
      intervalMs: 1_000,
      policy: { maxParallel: 5, stuckAfterMs: 600_000, onFailure: 'rollback' },
      digestKey: null,
      ...settings,
    };
    this.swarm = new SimulatedSwarm(this.clock, (task, secret, service) => {
      if (this.refuses) return 'refused';
      const { ref } = this.labels.read(secret.labels, secret.name, service.name);
      const path = ref.location.path ?? '';
      const revision = this.provider.revisionOf(path);
      const given = { taskId: task.id, secretName: secret.name, provider: 'vault', refKey: refKey(ref), revision };
      this.containers.set(`${task.id}/${secret.name}`, { revision, text: this.provider.textOf(path) });
      this.#rotation?.record(given);
      return 'delivered';
    });
  }

  get rotation(): Rotation {
    if (this.#rotation === null) throw new Error('the rotation is not started');
    return this.#rotation;
  }

  /** Starts the rotation as a new process would: it knows nothing but the ledger. */
  start(): void {
    const bus = new EventBus(this.clock);
    bus.subscribe((event) => this.events.push(event));
    this.#rotation = new Rotation(this.settings, {
      workloads: this.swarm,
      changes: this.swarm,
      leadership: this.swarm,
      ledger: this.swarm,
      labels: this.labels,
      providers: ['vault'],
      findProvider: async () => this.provider,
      values: {
        refresh: (ref) => this.provider.secrets.read(ref),
        confirm: () => undefined,
        retain: () => undefined,
        recall: async () => true,
      },
      digest,
      clock: this.clock,
      random: { next: () => 0 },
      events: bus,
    });
    this.swarm.driverAnswers = true;
    this.#rotation.start();
  }

  /** Ends the process at once. What it was doing is not finished, and all that it knew is gone. */
  async kill(): Promise<void> {
    this.swarm.driverAnswers = false;
    const stopped = this.#rotation?.stop();
    this.#rotation = null;
    await this.clock.advance(0);
    await stopped;
  }

  /** Lets time pass while Swarm works. */
  async run(durationMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < durationMs; passedMs += 250) {
      this.swarm.step();
      await this.clock.advance(250);
    }
  }

  /** The revisions of a secret that the running tasks of a service hold. */
  held(serviceId: string, secret: string): readonly (string | undefined)[] {
    return this.swarm.taskIds(serviceId).map((taskId) => this.containers.get(`${taskId}/${secret}`)?.revision);
  }

  /** The values themselves. */
  heldText(serviceId: string, secret: string): readonly (string | undefined)[] {
    return this.swarm.taskIds(serviceId).map((taskId) => this.containers.get(`${taskId}/${secret}`)?.text);
  }

  /** The types of the events so far. */
  count(type: TimedEvent['type']): number {
    return this.events.filter((event) => event.type === type).length;
  }
}
