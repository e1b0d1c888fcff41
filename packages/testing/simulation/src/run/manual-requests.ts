import type { RequestedService } from '@vault-swarm/rotation';
import type { SimulatedService } from '../swarm/service.ts';
import type { SimulatedTask } from '../swarm/task.ts';
import type { TrueBinding } from './ground-truth.ts';
import type { Kind } from './kinds.ts';
import type { RunContext } from './run-context.ts';
import { timeSlackMs } from './time-slack.ts';

/** A request that a plugin has accepted for one secret of a service, and must carry out. */
interface Accepted {
  readonly serviceId: string;
  readonly secret: string;
  readonly path: string;
  /** The values of the path that it is about are those since then. */
  readonly atMs: number;
}

/** After these a plugin may answer by a value that it knows from before. */
const HIDES_VALUES: readonly Kind[] = [
  ...(['provider outage', 'provider hangs', 'provider slow', 'slow calls', 'hanging calls', 'failing calls'] as const),
  ...(['replica lags', 'snapshot restored', 'delete and re-create'] as const),
];

/** After these it may not be known what tasks hold. */
const HIDES_TASKS: readonly Kind[] = [
  ...(['crash', 'crash at a call', 'restart', 'leader change', 'two leaders', 'partition', 'clock jump'] as const),
  ...(['ledger lost', 'user rollback', 'torn snapshot', 'swap secret', 'change labels', 'node loss', 'drain'] as const),
];

/** After these a secret may be used in another way than when the answer was made. */
const CHANGES_USES: readonly Kind[] = ['rotate changes', 'invalid labels', 'change labels', 'swap secret'];

/** Whether what plugins answer to manual requests is true, and whether they carry out what they accept. */
export class ManualRequests {
  readonly #run: RunContext;
  #accepted: readonly Accepted[] = [];

  constructor(run: RunContext) {
    this.#run = run;
  }

  /**
   * A plugin has accepted a request.
   * @param serviceIds the services that there were when it was asked.
   * @param askedAtMs when it was asked.
   * @returns what is not true in its answer.
   */
  accepted(answer: readonly RequestedService[], serviceIds: readonly string[], askedAtMs: number): readonly string[] {
    return answer.flatMap(({ name, secrets, outcome }) => {
      const service = this.#run.swarm.services.find((one) => one.name === name);
      if (service === undefined || !serviceIds.includes(service.id)) return [];
      const uses = this.#usesOf(service, secrets);
      if (outcome === 'scheduled' || outcome === 'pending') {
        const requests = uses.map(({ name: secret, path }) => ({
          serviceId: service.id,
          secret,
          path,
          atMs: askedAtMs,
        }));
        this.#accepted = [...this.#accepted, ...requests];
      }
      if (outcome === 'not-applicable') return this.#isApplicable(service, uses);
      return outcome === 'up-to-date' ? this.#isOutdated(service, uses, askedAtMs) : [];
    });
  }

  /** The ledger was lost, and requests with it. */
  forgets(): void {
    this.#accepted = [];
  }

  /** The running tasks of a service that have an older value than was requested for them. */
  unmet(service: SimulatedService): readonly { readonly task: SimulatedTask; readonly use: TrueBinding }[] {
    const { swarm, truth } = this.#run;
    return this.#accepted.flatMap(({ serviceId, secret, path, atMs }) => {
      if (serviceId !== service.id || this.#isCancelled(service, atMs)) return [];
      const use = this.#usesOf(service, [secret]).find((one) => one.path === path);
      // It had another path meanwhile: tasks that were given its value there have nothing to do with the request.
      const former = truth.formerBindingsOf(service, atMs).filter(({ name }) => name === secret);
      if (use === undefined || former.some((one) => one.path !== path)) return [];
      const values = truth.textsSince(path, atMs - timeSlackMs(this.#run));
      const isOld = ({ held }: SimulatedTask) => !values.includes(held.get(secret)?.text ?? null);
      return swarm
        .runningTasks(serviceId)
        .filter((task) => task.held.has(secret) && isOld(task))
        .map((task) => ({ task, use }));
    });
  }

  /** The secrets for which a request may restart the service. */
  #usesOf(service: SimulatedService, secrets: readonly string[]): readonly TrueBinding[] {
    if (service.kind === 'job') return [];
    return this.#run.truth.bindingsOf(service).filter(({ name, rotate, isPinned }) => {
      return secrets.includes(name) && rotate !== 'off' && !isPinned;
    });
  }

  /**
   * Whether the plugin may have given a request up, and said so: a value of its set, or one that another service has in
   * common with it, was bad since; or the image was broken, for which the rollout failed.
   */
  #isCancelled({ id }: SimulatedService, atMs: number): boolean {
    const { swarm, truth, kinds, ledger, settings } = this.#run;
    if (kinds.has('broken image') || kinds.has('user rollback')) return true;
    if ((ledger?.services[id]?.quarantines.length ?? 0) > 0) return true;
    const paths = swarm.services.flatMap((one) => truth.bindingsOf(one).map(({ path }) => path));
    const sinceMs = atMs - 2 * settings.intervalMs - timeSlackMs(this.#run);
    return paths.some((path) => truth.textsSince(path, sinceMs).some((text) => text?.startsWith('bad') === true));
  }

  #isApplicable({ name }: SimulatedService, uses: readonly TrueBinding[]): readonly string[] {
    const mayDiffer = CHANGES_USES.some((kind) => this.#run.kinds.has(kind));
    if (mayDiffer || uses.length === 0) return [];
    return [`a request for ${uses.map((use) => use.name).join(', ')} of ${name} does not apply, by the answer`];
  }

  #isOutdated(service: SimulatedService, uses: readonly TrueBinding[], askedAtMs: number): readonly string[] {
    const { kinds, truth, swarm, clock } = this.#run;
    if ([...HIDES_VALUES, ...HIDES_TASKS].some((kind) => kinds.has(kind))) return [];
    const known = clock.now() - (this.#run.timeMs - askedAtMs);
    return uses.flatMap(({ name, path }) => {
      const values = truth.textsSince(path, askedAtMs);
      const isOld = swarm.runningTasks(service.id).some(({ held, createdAtMs }) => {
        const text = held.get(name)?.text;
        return createdAtMs < known && text !== undefined && !values.includes(text);
      });
      return isOld ? [`${service.name} is up to date, by the answer to a request, and has an older ${name}`] : [];
    });
  }
}
