import { isBadFor } from '../failing.ts';
import type { SimulatedService } from '../swarm/service.ts';
import type { TrueBinding } from './ground-truth.ts';
import type { RunContext } from './run-context.ts';
import { timeSlackMs } from './time-slack.ts';

/** A value that is not to be given to a service's tasks any more. */
interface Forbidden {
  readonly serviceId: string;
  readonly secret: string;
  readonly path: string;
  readonly text: string;
  readonly sinceMs: number;
  /** The paths of its whole set. */
  readonly paths: readonly string[];
}

/** Which values the plugins have quarantined, until a member of their set changed or somebody asked: by the truth. */
export class QuarantinedValues {
  readonly #run: RunContext;
  #forbidden: readonly Forbidden[] = [];

  constructor(run: RunContext) {
    this.#run = run;
  }

  /**
   * A plugin set the values of these uses aside: those that the ledger names. Where one of them has just changed, that may
   * be what ends it: the plugin did not know of it yet.
   */
  add(service: SimulatedService, members: readonly TrueBinding[]): void {
    const { truth, swarm, ledger, settings, timeMs } = this.#run;
    const sets = ledger?.services[service.id]?.quarantines ?? [];
    const paths = members.map(({ path }) => path);
    const changedSinceMs = timeMs - 2 * settings.intervalMs - timeSlackMs(this.#run);
    if (paths.some((path) => truth.changedAtMs(path) > changedSinceMs)) return;
    for (const use of members) {
      const { name: secret, path } = use;
      const id = service.spec.secretIds.find((one) => swarm.secret(one)?.name === secret) ?? '';
      const version = sets
        .map(({ failed }) => failed[id] ?? failed[`${service.id}/${id}`])
        .find((one) => one !== undefined);
      const text = truth.textAt(use, version);
      if (text === undefined || !isBadFor(text, service.name)) continue;
      this.#forbidden = [...this.#forbidden, { serviceId: service.id, secret, path, text, sinceMs: timeMs, paths }];
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

  #isInForce({ serviceId, paths, path, secret, sinceMs }: Forbidden): boolean {
    const { truth, swarm } = this.#run;
    const service = swarm.services.find(({ id }) => id === serviceId);
    const use = service === undefined ? undefined : truth.bindingsOf(service).find(({ name }) => name === secret);
    return use?.path === path && paths.every((member) => truth.changedAtMs(member) <= sinceMs);
  }
}
