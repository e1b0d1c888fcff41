import type { ProductEvent } from '@vault-swarm/provider';
import { type LedgerService, type OpenRollout, untagRevision, type Values } from '@vault-swarm/rotation/ledger-format';
import { fails, isBadFor } from '../failing.ts';
import type { SimulatedService } from '../swarm/service.ts';
import { desiredSlots, expectedSlots, liveTasks } from '../swarm/slots.ts';
import { workloadOf } from '../swarm/snapshot.ts';
import type { RunContext } from './run-context.ts';
import { NEVER } from './service-past.ts';
import { isSlow, timeSlackMs } from './time-slack.ts';

/** A pass is cut off after this time: what it says was true since then, in milliseconds. */
const MAX_PASS_MS = 30_000;

type Completed = Extract<ProductEvent, { type: 'rollout.completed' }>;

/** Whether what the plugins say of rollouts is true. */
export class RolloutTruth {
  readonly #run: RunContext;
  /** By service: when all tasks that shall run last did. */
  readonly #fullAtMs = new Map<string, number>();
  readonly #full = new Set<string>();
  /** By service: since when it exists. */
  readonly #createdAtMs = new Map<string, number>();
  /** By service and ledger key: the revisions that were quarantined, and have not been asked for since. */
  readonly #failed = new Map<string, Set<string>>();
  /** Which of them the service does not use now, and when others were last not used. */
  readonly #unused = new Set<string>();
  readonly #unusedAtMs = new Map<string, number>();

  constructor(run: RunContext) {
    this.#run = run;
  }

  /** Something changed in the Swarm. */
  changed(): void {
    const { swarm, timeMs } = this.#run;
    for (const service of swarm.services) {
      const { id } = service;
      if (!this.#createdAtMs.has(id)) this.#createdAtMs.set(id, timeMs);
      if (this.#full.has(id)) this.#fullAtMs.set(id, timeMs);
      if (isFull(service)) this.#full.add(id);
      else this.#full.delete(id);
      this.#noteUnused(service);
    }
  }

  /** A plugin says that a rollout is completed. Returns what is wrong with that, or `null`. */
  completed({ service: name, secrets, generation }: Completed, intent: OpenRollout | undefined): string | null {
    const { swarm, timeMs, truth, provider, settings } = this.#run;
    const service = swarm.services.find((candidate) => candidate.name === name);
    if (service === undefined) return null;
    const sinceMs = timeMs - (isSlow(this.#run) ? MAX_PASS_MS : 0);
    // The pass may have seen a service of that name that was removed meanwhile.
    if ((this.#createdAtMs.get(service.id) ?? timeMs) > sinceMs && intent === undefined) return null;
    const running = swarm.runningTasks(service.id);
    const replicas = desiredSlots(service).length;
    // Its tasks fail after the time for which Swarm watches them: by all that is known they do not fail with it any more.
    if (service.status.state === 'completed') {
      for (const [key, { revision }] of Object.entries(intent?.target ?? {})) {
        this.#failed.get(`${service.id} ${key}`)?.delete(revision);
      }
    }
    const wasFull = (this.#fullAtMs.get(service.id) ?? 0) >= sinceMs;
    if (replicas === 0 && !wasFull)
      return `the rollout of ${name} to ${generation} is completed though no task shall run`;
    if (replicas > 0 && !wasFull && !isFull(service)) {
      return `the rollout of ${name} to ${generation} is completed though ${running.length} of ${replicas} tasks run`;
    }
    if (intent?.state === 'failed' && running.some(fails)) {
      return `the rollout of ${name} to ${generation}, which failed, is completed though its tasks fail`;
    }
    if (isSlow(this.#run)) return null;
    // Of a path that the labels name since then, a plugin knows what its latest poll has found.
    const polledSinceMs = timeMs - 2 * settings.intervalMs - timeSlackMs(this.#run);
    for (const use of truth.bindingsOf(service).filter(({ name }) => secrets.includes(name))) {
      const secret = use.name;
      const id = service.spec.secretIds.find((one) => swarm.secret(one)?.name === secret) ?? '';
      const target = intent?.target[id] ?? intent?.target[`${service.id}/${id}`];
      const revision = target === undefined ? undefined : untagRevision(target.revision);
      const text = truth.textAt(use, target);
      const known: readonly (string | null | undefined)[] =
        text === undefined ? truth.textsSince(use.path, polledSinceMs) : [provider.textOf(use.path), text];
      const without = running.filter(({ held }) => {
        const has = held.get(secret);
        return has?.revision !== revision && !known.includes(has?.text ?? null);
      });
      if (without.length === 0) continue;
      return `the rollout of ${name} to ${generation} is completed though ${without.length} tasks hold another ${secret}`;
    }
    return null;
  }

  /** A plugin wrote the ledger's entry of a service. Returns what is wrong with that, or `null`. */
  written(service: SimulatedService, { quarantines, rollout }: LedgerService): string | null {
    const { truth } = this.#run;
    for (const { failed } of quarantines) this.#fails(service.id, failed);
    // Swarm goes on then, and says nothing of tasks that fail: see `left to the user`.
    if (service.spec.update.onFailure === 'continue') return null;
    const given = [
      ...Object.entries(rollout?.lastGood ?? {}),
      ...quarantines.flatMap(({ lastGood }) => Object.entries(lastGood)),
    ];
    for (const [key, version] of given) {
      const { revision } = version;
      if (rollout?.target[key]?.revision === revision) continue;
      if (!this.#failed.get(`${service.id} ${key}`)?.has(revision)) continue;
      const use = truth.bindingsOf(service).find(({ name }) => key.endsWith(this.#idOf(name)));
      const text = use === undefined ? undefined : truth.textAt(use, version);
      if (text === undefined || !isBadFor(text, service.name)) continue;
      return `"${text}" is to be given to ${service.name} as a last good value, with which its tasks failed before`;
    }
    return null;
  }

  /** Somebody asks for the values again, or nobody knows any more that they failed. */
  forgets(serviceIds: readonly string[]): void {
    for (const key of this.#failed.keys()) {
      if (serviceIds.some((id) => key.startsWith(`${id} `))) this.#forget(key);
    }
  }

  /**
   * The ledger was written. What its user took away from a service, and may have given it again since the pass of this
   * write saw it, is not known to have failed.
   */
  forgetUnused(): void {
    const { timeMs } = this.#run;
    for (const key of this.#failed.keys()) {
      const isUnused = this.#unused.has(key) || (this.#unusedAtMs.get(key) ?? NEVER) > timeMs - MAX_PASS_MS;
      if (isUnused) this.#forget(key);
    }
  }

  #forget(key: string): void {
    this.#failed.delete(key);
    this.#unused.delete(key);
    this.#unusedAtMs.delete(key);
  }

  #noteUnused(service: SimulatedService): void {
    if (this.#failed.size === 0) return;
    const { id, secretIds, formerSecretIds } = workloadOf(service);
    const used = [...secretIds, ...formerSecretIds];
    for (const key of this.#failed.keys()) {
      const [serviceId, secretKey = ''] = key.split(' ');
      if (serviceId !== id) continue;
      if (this.#unused.delete(key)) this.#unusedAtMs.set(key, this.#run.timeMs);
      if (!used.some((one) => secretKey.endsWith(one))) this.#unused.add(key);
    }
  }

  #fails(serviceId: string, values: Values): void {
    for (const [key, { revision }] of Object.entries(values)) {
      const failed = this.#failed.get(`${serviceId} ${key}`) ?? new Set();
      this.#failed.set(`${serviceId} ${key}`, failed.add(revision));
    }
  }

  #idOf(secretName: string): string {
    const { swarm } = this.#run;
    return swarm.snapshot().secrets.find(({ name }) => name === secretName)?.id ?? secretName;
  }
}

function isFull(service: SimulatedService): boolean {
  const slots = expectedSlots(service).map((slot) => liveTasks(service, slot));
  return slots.length > 0 && slots.every((live) => live.length > 0 && live.every(({ state }) => state === 'running'));
}
