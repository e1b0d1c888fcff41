import { type Clock, displayNames, errorMessage, quoted, withDeadline } from '@vault-swarm/kernel';
import type { CallOptions, Events, SecretRef } from '@vault-swarm/provider';
import type { Observation } from '../bindings/observation.ts';
import type { SecretBinding, ServiceBindings } from '../bindings/secret-binding.ts';
import { serialiseLedger } from '../ledger/codec.ts';
import type { LedgerDocument } from '../ledger/ledger.ts';
import { mayWrite, unusable } from '../ledger/stored-ledger.ts';
import type { Plan } from '../planner/plan.ts';
import {
  type PlannedService,
  type PreviewRequest,
  type RequestedService,
  type RotateRequest,
  RotationRejected,
} from '../ports/manual-rotation.ts';
import type { LedgerStore, Orchestrator } from '../ports/orchestrator.ts';
import { type ForcedRestartPorts, forcedServices, refuseRestart, restartService } from './forced-restart.ts';
import { type ManualRequestInput, planRequest, type RequestPlan } from './plan-manual-request.ts';
import { preview } from './preview.ts';
import type { RecordedRequests } from './recorded-requests.ts';

/** A manual request is recorded within this time, or rejected. */
const REQUEST_DEADLINE_MS = 15_000;
/** A request polls the providers first, so that it applies to their current values. It waits at most this long for them. */
const REQUEST_POLL_MS = 3_000;

/** Plans reconcile passes, and what manual requests would do to the next one. */
export interface RequestPlanner {
  /** What the orchestrator reports now; `null` if it does not answer. */
  observe(options: CallOptions): Promise<Observation | null>;
  /** Takes over what the ledger of an observation says. Returns that ledger, or a first one if there is none. */
  adopt(observed: Observation): LedgerDocument;
  findings(): Pick<ManualRequestInput, 'current' | 'answered'>;
  /** What a reconcile pass with this ledger would do. Rejects if the orchestrator does not answer. */
  planRequested(observed: Observation, ledger: LedgerDocument, options: CallOptions): Promise<Plan>;
  /** Why the provider delivers no value of a ref; `null` if it delivers one, or does not answer. */
  undeliverable(refKey: string): string | null;
  /** Polls these refs now; by default all of every provider. */
  poll(refs?: readonly SecretRef[]): Promise<void>;
}

/** What manual rotations need from the rotation. */
export interface ManualRotationsPorts {
  readonly planner: RequestPlanner;
  readonly recorded: RecordedRequests;
  readonly ledger: LedgerStore;
  readonly orchestrator: Pick<Orchestrator, 'roll' | 'displayName'>;
  readonly clock: Clock;
  readonly events: Events;
  /** The most services that are restarted for one request. */
  readonly maxRestarts: number;
  /** Called with the ledger that has the request, so that tasks are given what it says before the next pass. */
  readonly onWritten: (ledger: LedgerDocument, services: readonly ServiceBindings[]) => void;
}

/** Records manual requests in the ledger, or previews their effect. */
export class ManualRotations {
  readonly #ports: ManualRotationsPorts;
  readonly #restarts: ForcedRestartPorts;

  constructor(ports: ManualRotationsPorts) {
    const { planner, orchestrator, maxRestarts } = ports;
    this.#ports = ports;
    this.#restarts = { orchestrator, maxServices: maxRestarts, undeliverable: (key) => planner.undeliverable(key) };
  }

  /**
   * Resolves once the request is recorded.
   * @throws {RotationRejected}
   */
  async take(request: RotateRequest, options: CallOptions): Promise<readonly RequestedService[]> {
    const { services } = await this.#inTime(options, 'the request could not be carried out', (cut) =>
      this.#note(request, cut),
    );
    return services;
  }

  /**
   * Returns the effect that the request would have, and changes nothing.
   * @throws {RotationRejected}
   */
  preview(request: PreviewRequest, options: CallOptions): Promise<readonly PlannedService[]> {
    return this.#inTime(options, 'what would be done could not be found out', async (signal) => {
      const observed = await this.#observe(request, signal);
      const before = this.#ports.planner.adopt(observed);
      const { services } = observed.bindings;
      await this.#pollNow(concernedRefs(request, services), signal);
      const asked =
        request.kind === 'due'
          ? null
          : planRequest({ request, services, ledger: before, ...this.#ports.planner.findings() });
      refuseRestart(forcedServices(services, asked?.services ?? []), this.#restarts);
      const plan = await this.#ports.planner.planRequested(observed, asked?.ledger ?? before, { signal });
      return preview({ services, plan, requested: asked?.services ?? null });
    });
  }

  async #inTime<T>({ signal }: CallOptions, failure: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await withDeadline(this.#ports.clock, REQUEST_DEADLINE_MS, signal, work);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RotationRejected) throw error;
      throw new RotationRejected('UNAVAILABLE', `${failure}: ${errorMessage(error)}`, { cause: error });
    }
  }

  /** Records the request in the ledger, and retries after each write conflict. */
  async #note(request: RotateRequest, signal: AbortSignal): Promise<RequestPlan> {
    for (let isFirst = true; ; isFirst = false) {
      signal.throwIfAborted();
      const observed = await this.#observe(request, signal);
      if (!mayWrite(observed)) {
        const message = "an earlier version of the plugin leads; ask the leader's, or update that one first";
        throw new RotationRejected('UNAVAILABLE', message);
      }
      const before = this.#ports.planner.adopt(observed);
      const { services } = observed.bindings;
      if (isFirst) await this.#pollNow(concernedRefs(request, services), signal);
      const planned = planRequest({ request, services, ledger: before, ...this.#ports.planner.findings() });
      const forced = forcedServices(services, planned.services);
      refuseRestart(forced, this.#restarts);
      if (planned.ledger !== before) {
        const text = serialiseLedger(planned.ledger);
        const outcome = await this.#ports.ledger.compareAndSet(observed.version, text, { signal });
        if (outcome !== 'applied') continue;
        if (observed.role === 'leader') this.#ports.recorded.wrote(planned.ledger);
        this.#ports.onWritten(planned.ledger, services);
      }
      for (const event of planned.events) this.#ports.events.emit(event);
      await this.#restart(forced, planned.ledger, signal);
      return planned;
    }
  }

  /** Restarts services without a new value. */
  async #restart(forced: readonly ServiceBindings[], ledger: LedgerDocument, signal: AbortSignal): Promise<void> {
    const restarted: string[] = [];
    for (const bindings of forced) {
      const { name } = bindings.service;
      try {
        const generation = await restartService(bindings, ledger, this.#restarts, { signal });
        this.#ports.events.emit({ type: 'service.restarted', service: name, generation });
      } catch (error) {
        signal.throwIfAborted();
        if (restarted.length === 0) throw error;
        const message = `${errorMessage(error)}. These services are restarting: ${displayNames(restarted)}`;
        throw new RotationRejected('UNAVAILABLE', message, { cause: error });
      }
      restarted.push(name);
    }
  }

  async #observe(request: PreviewRequest, signal: AbortSignal): Promise<Observation> {
    const observed = await this.#ports.planner.observe({ signal });
    if (observed === null) {
      const message = `${this.#ports.orchestrator.displayName} does not answer; try again when it does`;
      throw new RotationRejected('UNAVAILABLE', message);
    }
    if (observed.role === 'worker') {
      throw new RotationRejected('UNAVAILABLE', 'this node is not a manager; ask the plugin of a manager');
    }
    const reason = unusable(observed.stored);
    if (reason !== null) throw new RotationRejected('UNAVAILABLE', reason.message);
    refuseUnknown(request, observed);
    return observed;
  }

  async #pollNow(refs: readonly SecretRef[] | undefined, signal: AbortSignal): Promise<void> {
    // A hanging provider does not delay the request, which then applies to the values known so far.
    await withDeadline(this.#ports.clock, REQUEST_POLL_MS, signal, () => this.#ports.planner.poll(refs)).catch(
      () => undefined,
    );
  }
}

/** The refs that a request is about; `undefined` for all. */
function concernedRefs(
  request: PreviewRequest,
  services: readonly ServiceBindings[],
): readonly SecretRef[] | undefined {
  if (request.kind !== 'secret' && request.kind !== 'service') return undefined;
  const isNamed = ({ service }: ServiceBindings, { secret }: SecretBinding) =>
    (request.kind === 'service' ? service.name : secret.name) === request.name;
  return services.flatMap((one) => one.bindings.filter((binding) => isNamed(one, binding)).map(({ ref }) => ref));
}

function refuseUnknown(request: PreviewRequest, { secrets, bindings }: Observation): void {
  if (request.kind === 'secret' && !secrets.some(({ name }) => name === request.name)) {
    throw new RotationRejected('UNKNOWN', `no secret of this plugin's is called ${quoted(request.name)}`);
  }
  if (request.kind === 'service' && !bindings.services.some(({ service }) => service.name === request.name)) {
    throw new RotationRejected('UNKNOWN', `no service called ${quoted(request.name)} uses a secret of this plugin's`);
  }
}
