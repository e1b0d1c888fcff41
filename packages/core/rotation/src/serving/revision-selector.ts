import { BoundedMap, type Clock, withDeadline } from '@vault-swarm/kernel';
import type { RevisionRequest, RevisionSelection, SecretRef } from '@vault-swarm/provider';
import type { ServiceBindings } from '../bindings/secret-binding.ts';
import {
  changedValues,
  type LedgerDocument,
  type LedgerService,
  type OpenRollout,
  quarantineOf,
} from '../ledger/ledger.ts';
import { isOfRef, type SecretVersion, sameValue, untagRevision } from '../ledger/secret-version.ts';
import type { Orchestrator } from '../ports/orchestrator.ts';

/** A ref with its revisions that tasks may still be given. */
export interface PinnedRevisions {
  readonly ref: SecretRef;
  readonly revisions: ReadonlySet<string>;
}

/** What the tasks of one service are given for one secret. */
interface Intent {
  /** For every task, whatever its generation. */
  readonly quarantine: SecretVersion | undefined;
  readonly generation: number;
  /** For tasks of `generation` and later ones. */
  readonly target: SecretVersion | undefined;
  /** For tasks of earlier generations. */
  readonly lastGood: SecretVersion | undefined;
}

const CURRENT: RevisionSelection = { kind: 'current' };

/** How long to wait for a task's generation. If it stays unknown, the task gets the last good value, which is safe. */
const LOOK_UP_MS = 300;
/** After a failed lookup, none is tried for this time. Requests are answered without one meanwhile. */
const LOOKUP_BACKOFF_MS = 5_000;
/** How many looked-up generations are kept, for tasks that ask for several secrets, or ask again. */
const MAX_LOOKED_UP = 1_000;

/**
 * Selects the revision for each task, as the ledger says. It is the current one, unless the service has an open rollout
 * or quarantined values. A rollback that failed no longer counts once its quarantine has ended. With an open rollout it
 * depends on the task's generation, since the orchestrator's own rollback restarts tasks of the earlier one. If the
 * generation can't be determined, the last good value is delivered.
 */
export class RevisionSelector {
  readonly #workloads: Pick<Orchestrator, 'findTask'>;
  readonly #clock: Clock;
  readonly #current: (refKey: string) => SecretVersion | undefined;
  /** By service, then by the secret's name. */
  #intents: ReadonlyMap<string, ReadonlyMap<string, Intent>> = new Map();
  #named: ReadonlyMap<string, PinnedRevisions> = new Map();
  /** By task, of the services above. */
  #generations: ReadonlyMap<string, number> = new Map();
  /** By task: a task's generation never changes. */
  readonly #lookedUp = new BoundedMap<number>({ maxEntries: MAX_LOOKED_UP });
  readonly #ledgerIsKnown = Promise.withResolvers<void>();
  #isKnown = false;
  #asOfMs = Number.NEGATIVE_INFINITY;
  /** Until when requests wait for the ledger: the deadline of the first one. */
  #waitUntilMs: number | null = null;
  #noLookupUntilMs = Number.NEGATIVE_INFINITY;

  /** @param current the provider's current value of a ref, with its revision tagged. */
  constructor(ports: {
    readonly orchestrator: Pick<Orchestrator, 'findTask'>;
    readonly clock: Clock;
    readonly current: (refKey: string) => SecretVersion | undefined;
  }) {
    this.#workloads = ports.orchestrator;
    this.#clock = ports.clock;
    this.#current = ports.current;
  }

  /**
   * Uses this ledger from now on, unless a later one is in use: a pass may still work with the ledger from before a
   * manual request.
   *
   * @param asOfMs since when the ledger was being read, or when it was written, in monotonic milliseconds.
   */
  update(ledger: LedgerDocument, services: readonly ServiceBindings[], asOfMs: number): void {
    if (asOfMs < this.#asOfMs) return;
    this.#asOfMs = asOfMs;
    const intents = new Map<string, ReadonlyMap<string, Intent>>();
    const named = new Map<string, { readonly ref: SecretRef; readonly revisions: Set<string> }>();
    const generations = new Map<string, number>();
    for (const { service, bindings } of services) {
      const entry = ledger.services[service.id];
      if (entry === undefined) continue;
      const { rollout } = entry;
      const isInForce = rollout !== null && !isReleased(entry, rollout);
      const ofService = new Map<string, Intent>();
      for (const { key, ref, refKey, secret, denial } of bindings) {
        // What a generation was issued is delivered to all of its tasks.
        if (ref.lease !== undefined || denial !== undefined) continue;
        const intent: Intent = {
          quarantine: quarantineOf(entry, key)?.lastGood[key],
          generation: rollout?.generation ?? 0,
          target: isInForce ? rollout.target[key] : undefined,
          lastGood: rollout?.lastGood[key],
        };
        const values = [intent.quarantine, intent.target, intent.lastGood].filter((value) => value !== undefined);
        if (values.length === 0) continue;
        ofService.set(secret.name, intent);
        const known = named.get(refKey) ?? { ref, revisions: new Set() };
        named.set(refKey, known);
        for (const value of values) if (isOfRef(value, refKey)) known.revisions.add(untagRevision(value.revision));
      }
      if (ofService.size === 0) continue;
      intents.set(service.id, ofService);
      for (const { id, generation } of service.tasks) generations.set(id, generation);
    }
    this.#intents = intents;
    this.#named = named;
    this.#generations = generations;
    this.goOn();
  }

  /** The ledger can't be used. The latest usable one stays valid, and no request waits for another. */
  goOn(): void {
    this.#isKnown = true;
    this.#ledgerIsKnown.resolve();
  }

  /** The revisions that tasks may still need, by ref key. They must be kept. */
  get named(): ReadonlyMap<string, PinnedRevisions> {
    return this.#named;
  }

  /**
   * The revision for a task that requests a secret now. Most requests are answered at once, all others by `untilMs`.
   * Never rejects.
   */
  choose(asked: RevisionRequest): RevisionSelection | Promise<RevisionSelection> {
    return this.#isKnown ? this.#chooseNow(asked) : this.#chooseOnceKnown(asked);
  }

  /**
   * Waits for the ledger. A process that has just started does not know it, and could deliver a quarantined value.
   * Loading takes long on a busy machine, so a request may wait until its deadline. If the orchestrator does not
   * answer, requests must not wait one after the other: none waits longer than the first one may.
   */
  async #chooseOnceKnown(asked: RevisionRequest): Promise<RevisionSelection> {
    this.#waitUntilMs ??= asked.untilMs;
    const leftMs = Math.min(this.#waitUntilMs, asked.untilMs) - this.#clock.monotonic();
    if (leftMs <= 0 || !(await this.#within(leftMs, () => this.#ledgerIsKnown.promise))) return CURRENT;
    return this.#chooseNow(asked);
  }

  #chooseNow(asked: RevisionRequest): RevisionSelection | Promise<RevisionSelection> {
    const intent = this.#intents.get(asked.serviceId ?? '')?.get(asked.secretName);
    if (intent === undefined) return CURRENT;
    if (intent.quarantine !== undefined) return this.#give(intent.quarantine, asked.refKey, 'refuse');
    const { taskId } = asked;
    const known = taskId === undefined ? undefined : (this.#generations.get(taskId) ?? this.#lookedUp.get(taskId));
    if (known !== undefined || taskId === undefined) return this.#ofGeneration(intent, known, asked.refKey);
    return this.#lookup(taskId, asked.untilMs).then((generation) =>
      this.#ofGeneration(intent, generation, asked.refKey),
    );
  }

  #ofGeneration(intent: Intent, generation: number | undefined, refKey: string): RevisionSelection {
    const isOfRollout = generation !== undefined && generation >= intent.generation;
    const value = isOfRollout ? intent.target : intent.lastGood;
    return value === undefined ? CURRENT : this.#give(value, refKey, 'current');
  }

  #give(value: SecretVersion, refKey: string, otherwise: 'current' | 'refuse'): RevisionSelection {
    const current = this.#current(refKey);
    // The current revision has the same bytes. It may be available although the older one is not.
    const given = current !== undefined && sameValue(current, value) ? current : value;
    if (!isOfRef(given, refKey)) return CURRENT;
    return { kind: 'revision', revision: untagRevision(given.revision), otherwise };
  }

  async #lookup(taskId: string, untilMs: number): Promise<number | undefined> {
    const leftMs = Math.min(LOOK_UP_MS, untilMs - this.#clock.monotonic());
    if (leftMs <= 0 || this.#clock.monotonic() < this.#noLookupUntilMs) return undefined;
    let generation: number | null = null;
    const isAnswered = await this.#within(leftMs, async (signal) => {
      generation = (await this.#workloads.findTask(taskId, { signal }))?.generation ?? null;
    });
    if (!isAnswered) this.#noLookupUntilMs = this.#clock.monotonic() + LOOKUP_BACKOFF_MS;
    if (generation === null) return undefined;
    this.#lookedUp.set(taskId, generation);
    return generation;
  }

  async #within(limitMs: number, work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    try {
      await withDeadline(this.#clock, limitMs, undefined, work);
      return true;
    } catch {
      // The reconcile passes also ask the orchestrator, and they report that it does not answer.
      return false;
    }
  }
}

/** Whether it is a rollback whose last good values failed too, and what was quarantined for it is released. */
function isReleased(entry: LedgerService, { direction, state, ...rollout }: OpenRollout): boolean {
  if (direction !== 'rollback' || state !== 'failed') return false;
  return Object.keys(changedValues(rollout)).every((key) => quarantineOf(entry, key) === undefined);
}
