import type { OpenRollout, Values } from '@vault-swarm/rotation/ledger-format';
import { fingerprintOf, type SimulatedService } from '../swarm/service.ts';
import { allTasks } from '../swarm/slots.ts';
import { changedValues } from './changed-values.ts';
import type { RunContext } from './run-context.ts';
import type { ServicePasts } from './service-past.ts';
import { isSlow } from './time-slack.ts';

/** A rollout that a user rolled back although none of its tasks had failed. */
interface UndoneRollout {
  readonly timeMs: number;
  /** When the rollout started. */
  readonly startedAtMs: number;
  readonly values: Values;
}

/** After this many later failures, those of a rollout may be forgotten: nobody can tell then that there were none. */
const FORGETS_AFTER = 3;

/** Which rollouts users rolled back: by the truth. What a user undid stays undone until it changes. */
export class UndoneRollouts {
  readonly #run: RunContext;
  readonly #pasts: ServicePasts;
  /** By service: the latest one. */
  readonly #latest = new Map<string, UndoneRollout>();

  constructor(run: RunContext, pasts: ServicePasts) {
    this.#run = run;
    this.#pasts = pasts;
  }

  /** A user rolled the service back, so that `previous` is what was undone. */
  rolledBack(service: SimulatedService): void {
    const { swarm, ledger, timeMs } = this.#run;
    this.#latest.delete(service.id);
    const rollout = ledger?.services[service.id]?.rollout ?? null;
    const { spec, previous } = service;
    const isUndone =
      rollout !== null &&
      previous !== null &&
      spec.generation < rollout.generation &&
      rollout.generation <= previous.generation;
    if (!isUndone) return;
    const past = this.#pasts.of(service.id);
    past.tolerated.set('rolled back manually', timeMs);
    const values = changedValues(rollout);
    for (const id of spec.secretIds) {
      const name = swarm.secret(id)?.name;
      if (name !== undefined && (id in values || `${service.id}/${id}` in values)) past.undone.add(name);
    }
    const hasFailed = allTasks(service).some(({ state, generation }) => {
      return state === 'failed' && generation >= rollout.generation;
    });
    const isCertain = rollout.direction === 'forward' && rollout.state === 'open' && rollout.attempt === 1;
    if (isCertain && !hasFailed && rollout.fingerprint === fingerprintOf(spec))
      this.#latest.set(service.id, { timeMs, startedAtMs: rollout.startedAtMs, values });
  }

  /** The ledger was lost: only it names the values that users rolled back. */
  forgets(): void {
    this.#latest.clear();
  }

  /** The ledger was written: a rollout may have failed without its last good values, so that nothing can be given instead. */
  written(serviceId: string, { state, failure }: OpenRollout): void {
    if (state === 'failed' && failure.endsWith("its last good values can't be had any more"))
      this.#latest.delete(serviceId);
  }

  /** A plugin's update was applied. Returns what is wrong with that, or `null`. */
  rolled(service: SimulatedService, rollout: OpenRollout | undefined): string | null {
    const { id, name } = service;
    const undone = this.#latest.get(id);
    if (undone === undefined || rollout === undefined) return null;
    const { touchedAtMs, requestedAtMs } = this.#pasts.of(id);
    const isOver = touchedAtMs > undone.timeMs || requestedAtMs > undone.timeMs || this.#isChanged(undone);
    // It may change back later.
    if (isOver) this.#latest.delete(id);
    // A process that did not see all of the rollout can't tell who rolled it back.
    if (isOver || isSlow(this.#run) || this.#run.kinds.has('lost hints')) return null;
    const later = allTasks(service).filter(({ state, endedAtMs }) => {
      return state === 'failed' && endedAtMs !== null && endedAtMs >= undone.startedAtMs;
    });
    if (later.length >= FORGETS_AFTER) return null;
    const again = Object.keys(undone.values).filter((key) => {
      return rollout.target[key]?.revision === undone.values[key]?.revision;
    });
    if (rollout.direction === 'rollback' || again.length === 0) return null;
    return `${name} was rolled again to values that its user had rolled back: ${again.join(', ')}`;
  }

  #isChanged({ values }: UndoneRollout): boolean {
    const secrets = this.#run.ledger?.secrets ?? {};
    return Object.entries(values).some(([key, { revision }]) => secrets[key]?.revision !== revision);
  }
}
