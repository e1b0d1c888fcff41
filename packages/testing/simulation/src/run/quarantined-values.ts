import { isOfRef } from '@vault-swarm/rotation/ledger-format';
import { isBadFor } from '../failing.ts';
import type { SimulatedService } from '../swarm/service.ts';
import { workloadOf } from '../swarm/snapshot.ts';
import type { TrueBinding } from './ground-truth.ts';
import type { RunContext } from './run-context.ts';
import { timeSlackMs } from './time-slack.ts';

/** A value that is not to be given to a service's tasks any more. */
interface Forbidden {
  readonly serviceId: string;
  readonly secret: string;
  readonly text: string;
  readonly sinceMs: number;
  /** Its whole set. */
  readonly members: readonly TrueBinding[];
}

/**
 * Which values the plugins have quarantined, by the truth: until a member of their set changed, its labels named another
 * ref, or somebody asked.
 */
export class QuarantinedValues {
  readonly #run: RunContext;
  #forbidden: readonly Forbidden[] = [];

  constructor(run: RunContext) {
    this.#run = run;
  }

  /**
   * A plugin set the values of these uses aside: those that the ledger names. Where one of them has just changed, or is of
   * another ref than the labels name by now, that may be what ends it: the plugin did not know of it yet.
   */
  add(service: SimulatedService, members: readonly TrueBinding[]): void {
    const { truth, swarm, ledger, settings, timeMs } = this.#run;
    const sets = ledger?.services[service.id]?.quarantines ?? [];
    const changedSinceMs = timeMs - 2 * settings.intervalMs - timeSlackMs(this.#run);
    if (members.some(({ path }) => truth.changedAtMs(path) > changedSinceMs)) return;
    const failed = members.map((use) => {
      const id = service.spec.secretIds.find((one) => swarm.secret(one)?.name === use.name) ?? '';
      const versions = sets.map(({ failed }) => failed[id] ?? failed[`${service.id}/${id}`]);
      return { use, version: versions.find((one) => one !== undefined) };
    });
    if (failed.some(({ use, version }) => version !== undefined && !isOfRef(version, use.refKey))) return;
    for (const { use, version } of failed) {
      const text = truth.textAt(use, version);
      if (text === undefined || !isBadFor(text, service.name)) continue;
      const one = { serviceId: service.id, secret: use.name, text, sinceMs: timeMs, members };
      this.#forbidden = [...this.#forbidden, one];
    }
  }

  /** Nothing of these services is quarantined any more. */
  lift(serviceIds: readonly string[]): void {
    this.#forbidden = this.#forbidden.filter(({ serviceId }) => !serviceIds.includes(serviceId));
  }

  /** Whether a value is quarantined for a service, for longer than `forMs`. */
  has(serviceId: string, secret: string, text: string, forMs: number): boolean {
    this.#forbidden = this.#forbidden.filter((one) => this.#isInForce(one));
    return this.#forbidden.some((one) => {
      const isSame = one.serviceId === serviceId && one.secret === secret && one.text === text;
      return isSame && this.#run.timeMs - one.sinceMs > forMs;
    });
  }

  #isInForce({ serviceId, members, sinceMs }: Forbidden): boolean {
    const { truth, swarm } = this.#run;
    const service = swarm.services.find(({ id }) => id === serviceId);
    if (service === undefined) return false;
    const uses = truth.bindingsOf(service);
    const since = [...uses, ...truth.formerBindingsOf(service, sinceMs)];
    const former = workloadOf(service).formerSecretIds.map((id) => swarm.secret(id)?.name);
    return members.every(({ name, path, refKey }) => {
      const isUsed = uses.some((use) => use.name === name) || former.includes(name);
      const isOther = since.some((use) => use.name === name && use.refKey !== refKey);
      return isUsed && !isOther && truth.changedAtMs(path) <= sinceMs;
    });
  }
}
