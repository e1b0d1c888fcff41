import { refKey, type SecretRef, withDeadline } from '@vault-swarm/provider';
import { mapConcurrently } from './concurrency.ts';
import { Evidence } from './evidence.ts';
import { tagRevision } from './held-value.ts';
import { emptyLedger, type LedgerDocument, serialiseLedger } from './ledger.ts';
import { Loop } from './loop.ts';
import { type Observation, Observer } from './observer.ts';
import { type Plan, plan } from './plan.ts';
import type { RollAction } from './plan-service.ts';
import { RevisionWatch } from './revision-watch.ts';
import type { DeliveredTo, RotationPorts, RotationSettings } from './rotation-ports.ts';
import type { RotationStatus } from './status.ts';
import { StatusBoard } from './status-board.ts';
import type { Uses } from './uses.ts';
import { type FailedTask, RollRefused } from './workloads.ts';

/** A pass is cut off after this time, so that a hanging orchestrator is noticed. */
const PASS_DEADLINE_MS = 30_000;

const READS_AT_ONCE = 4;

/** While a rollout is open, its tasks are looked at this often. */
const WATCH_INTERVAL_MS = 500;

/**
 * Keeps every task of every service on its provider's current revision. Two kinds of loops run beside each other: one
 * for each provider, which finds out what is current there, and one which compares that with what the tasks hold,
 * writes the ledger, and rolls services. A provider that hangs holds up neither the others nor the comparison.
 */
export class Rotation {
  readonly #settings: RotationSettings;
  readonly #ports: RotationPorts;
  readonly #evidence: Evidence;
  readonly #watches: ReadonlyMap<string, { readonly watch: RevisionWatch; readonly loop: Loop }>;
  readonly #passes: Loop;
  readonly #board: StatusBoard;
  readonly #observer: Observer;
  readonly #rejections = new Map<string, string>();
  readonly #unsubscribe: (() => void)[] = [];
  #digestKey: string | null;

  constructor(settings: RotationSettings, ports: RotationPorts) {
    const { clock, random } = ports;
    this.#settings = settings;
    this.#ports = ports;
    this.#digestKey = settings.digestKey;
    this.#evidence = new Evidence(clock.now());
    this.#watches = new Map(ports.providers.map((provider) => [provider, this.#watchProvider(provider)]));
    this.#passes = new Loop(clock, random, (signal) => this.#pass(signal));
    this.#board = new StatusBoard(settings.enabled);
    this.#observer = new Observer(ports, this.#board);
  }

  /** Begins to look and to act. */
  start(): void {
    this.#unsubscribe.push(this.#ports.changes.onChange(() => this.#passes.wake()));
    for (const [name, { loop }] of this.#watches) {
      // A provider that never gets ready gives no hints; its loop tells why.
      this.#ports.findProvider(name).then(
        ({ hints }) => {
          if (hints !== null) this.#unsubscribe.push(hints.onHint(() => loop.wake()));
        },
        () => undefined,
      );
    }
    this.#passes.wake();
  }

  /** Ends all loops; resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await Promise.all([this.#passes.stop(), ...[...this.#watches.values()].map(({ loop }) => loop.stop())]);
  }

  /**
   * Notes what a task was given: see {@link Evidence}. A revision that the latest look did not see is a hint that there
   * is a change, and what the task holds should be in the ledger soon.
   */
  record(delivered: DeliveredTo): void {
    const { taskId, secretName, provider, refKey: key, revision } = delivered;
    if (taskId === undefined) return;
    this.#evidence.record(taskId, secretName, key, revision, this.#ports.clock.now());
    const watched = this.#watches.get(provider);
    if (watched?.watch.current(key)?.revision === revision) return;
    watched?.loop.wake();
    this.#passes.wake();
  }

  /** All that is known, as of the latest pass. */
  status(): RotationStatus {
    const watchOf = (provider: string) => this.#watches.get(provider)?.watch;
    return this.#board.status(this.#observer.role, watchOf);
  }

  #watchProvider(provider: string): { readonly watch: RevisionWatch; readonly loop: Loop } {
    const { clock, random, digest } = this.#ports;
    const watch = new RevisionWatch({
      ...this.#ports,
      provider,
      digest: (bytes) => digest.digest(this.#knownDigestKey(), bytes),
    });
    const loop = new Loop(clock, random, async (signal) => {
      try {
        if (await watch.look(signal)) this.#passes.wake();
      } catch (error) {
        if (!signal.aborted) this.#ports.events.emit({ type: 'reconcile.failed', message: describe(error) });
      }
      return this.#settings.intervalMs;
    });
    return { watch, loop };
  }

  async #pass(stopping: AbortSignal): Promise<number> {
    const { clock, events } = this.#ports;
    const begunAtMs = clock.monotonic();
    let busy = false;
    let dockerAnswered = false;
    try {
      await withDeadline(clock, PASS_DEADLINE_MS, stopping, async (signal) => {
        const observed = await this.#observer.observe({ signal });
        if (observed === null) return;
        if (observed.role !== 'worker') busy = await this.#act(observed, signal);
        dockerAnswered = true;
      });
    } catch (error) {
      if (!stopping.aborted) events.emit({ type: 'reconcile.failed', message: describe(error) });
    }
    if (!stopping.aborted) {
      events.emit({ type: 'reconcile.passed', durationMs: clock.monotonic() - begunAtMs, dockerAnswered });
    }
    return busy ? Math.min(WATCH_INTERVAL_MS, this.#settings.intervalMs) : this.#settings.intervalMs;
  }

  /** Returns whether something is under way, so that the next pass should come soon. */
  async #act({ role, uses, stored, version }: Observation, signal: AbortSignal): Promise<boolean> {
    const { ledger, events, clock } = this.#ports;
    this.#evidence.observe(
      uses.services.flatMap(({ service }) => service.tasks),
      clock.now(),
    );
    const before = stored ?? this.#firstLedger();
    this.#useDigestKey(this.#settings.digestKey ?? before.digestKey ?? this.#firstLedger().digestKey);
    this.#watchRefs(uses);
    const next = this.#plan(uses, before, await this.#failures(uses, before, signal));
    this.#board.planned(next);
    if (role !== 'leader' || !this.#settings.enabled) return false;
    if (next.ledger !== before) {
      const outcome = await ledger.compareAndSet(version, serialiseLedger(next.ledger), { signal });
      if (outcome !== 'applied') {
        this.#passes.wake();
        return true;
      }
      this.#rejections.clear();
    }
    for (const event of next.events) {
      events.emit(event);
      this.#board.happened(event, clock.now());
    }
    await Promise.all(next.rolls.map((roll) => this.#roll(roll, signal)));
    return (
      next.rolls.length > 0 || Object.values(next.ledger.services).some(({ rollout }) => rollout?.failed === false)
    );
  }

  /** Why tasks failed, of the services whose open rollout the orchestrator ended. */
  async #failures(
    { services }: Uses,
    ledger: LedgerDocument,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, readonly FailedTask[]>> {
    const ended = services.filter(({ service: { id, rollout } }) => {
      const isOpen = ledger.services[id]?.rollout?.failed === false;
      return isOpen && ['paused', 'rolled-back', 'rollback-paused'].includes(rollout.state);
    });
    return new Map(
      await mapConcurrently(ended, READS_AT_ONCE, async ({ service: { id } }) => {
        return [id, await this.#ports.workloads.failures(id, { signal })] as const;
      }),
    );
  }

  #plan(uses: Uses, ledger: LedgerDocument, failures: ReadonlyMap<string, readonly FailedTask[]>): Plan {
    const watchOf = new Map<string, RevisionWatch | undefined>();
    for (const { uses: list } of uses.services) {
      for (const use of list) watchOf.set(use.refKey, this.#watches.get(use.ref.provider)?.watch);
    }
    this.#evidence.learnDigests((key, revision) => watchOf.get(key)?.digestOf(key, revision) ?? null);
    return plan({
      nowMs: this.#ports.clock.now(),
      services: uses.services,
      current: (key) => {
        const current = watchOf.get(key)?.current(key);
        return current === undefined ? undefined : { ...current, revision: tagRevision(key, current.revision) };
      },
      answered: (taskId, secretName) => this.#evidence.values(taskId, secretName),
      ledger,
      policy: this.#settings.policy,
      failures,
      rejections: this.#rejections,
    });
  }

  async #roll(action: RollAction, signal: AbortSignal): Promise<void> {
    const { workloads, events } = this.#ports;
    try {
      const outcome = await workloads.roll(action.serviceId, action.version, action.generation, { signal });
      if (outcome !== 'applied') events.emit({ type: 'rollout.conflict', service: action.serviceName, outcome });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RollRefused) this.#rejections.set(action.serviceId, error.message);
      else events.emit({ type: 'docker.failed', operation: 'roll', message: describe(error) });
    }
  }

  #watchRefs(uses: Uses): void {
    const refs = new Map<string, Map<string, SecretRef>>();
    for (const { uses: list } of uses.services) {
      for (const { ref } of list) {
        if (ref.pin !== undefined) continue;
        const ofProvider = refs.get(ref.provider) ?? new Map<string, SecretRef>();
        refs.set(ref.provider, ofProvider.set(refKey(ref), ref));
      }
    }
    for (const [name, { watch, loop }] of this.#watches) {
      if (watch.setRefs(refs.get(name) ?? new Map())) loop.wake();
    }
  }

  #firstLedger(): LedgerDocument {
    if (this.#settings.digestKey !== null) return emptyLedger(null);
    this.#digestKey ??= this.#ports.digest.generateKey();
    return emptyLedger(this.#digestKey);
  }

  #knownDigestKey(): string {
    if (this.#digestKey === null) throw new Error('the digest key is read from the ledger before anything is compared');
    return this.#digestKey;
  }

  #useDigestKey(key: string | null): void {
    if (key === this.#digestKey) return;
    const isFirst = this.#digestKey === null;
    this.#digestKey = key;
    if (isFirst) return;
    for (const { watch, loop } of this.#watches.values()) {
      watch.reset();
      loop.wake();
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
