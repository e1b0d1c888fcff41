import { type Clock, withDeadline } from '@vault-swarm/kernel';
import { isProvidersFailure, type Readiness } from '@vault-swarm/metrics';
import {
  type DeliveryErrorCode,
  type Events,
  type LabelReader,
  ProviderError,
  type ProviderInstance,
  type TimedEvent,
} from '@vault-swarm/provider';
import type { RotationStatus } from '@vault-swarm/rotation';

/** A read that shows whether a provider answers. "Not found" is an answer too. */
const QUESTION = { service: 'vault-swarm', secret: 'readiness' };

const ASK_DEADLINE_MS = 5_000;

/** The dependencies of the health checks. */
export interface ProviderHealthCheckPorts {
  /** The names of the configured providers, the default one first. */
  readonly names: readonly string[];
  readonly findProvider: (name: string) => Promise<ProviderInstance>;
  readonly labels: LabelReader;
  readonly readiness: Readiness;
  /** The rotation's status: it polls the providers whose secrets are in use, and knows their backoffs. */
  readonly status: () => Pick<RotationStatus, 'secrets' | 'problems'>;
  readonly clock: Clock;
  readonly events: Events;
}

interface Known {
  hasAnswered: boolean;
  isInTrouble: boolean;
  /** Whether an outage was reported whose end was not reported yet. */
  isReported: boolean;
  /** In monotonic milliseconds: it requested no calls until then. */
  pausedUntilMs: number;
}

/**
 * Checks the providers that are not polled: each until it answered once, because before its first secret is used it is
 * not known whether it is reachable, and each failing one until it answers again.
 */
export class ProviderHealthCheck {
  readonly #ports: ProviderHealthCheckPorts;
  readonly #known: ReadonlyMap<string, Known>;

  constructor(ports: ProviderHealthCheckPorts) {
    this.#ports = ports;
    this.#known = new Map(
      ports.names.map((name) => [
        name,
        { hasAnswered: false, isInTrouble: false, isReported: false, pausedUntilMs: Number.NEGATIVE_INFINITY },
      ]),
    );
  }

  /** Records events about providers. */
  observe(event: TimedEvent): void {
    const known = 'provider' in event ? this.#known.get(event.provider ?? '') : undefined;
    if (known === undefined) return;
    switch (event.type) {
      case 'provider.request-completed':
        if (event.isRepeated !== true) known.isInTrouble = isTrouble(event.outcome);
        break;
      case 'secret.delivered':
        if (event.source === 'provider') answered(known);
        if (event.source === 'stale') known.isInTrouble = true;
        break;
      case 'delivery.failed':
        known.isInTrouble ||= isTrouble(event.code);
        break;
      case 'provider.failed':
        known.isReported = true;
        break;
      case 'provider.recovered':
        known.isReported = false;
        break;
      default:
    }
  }

  /** Checks all due providers once. Resolves when each has answered or timed out. Never rejects. */
  async round(stopping: AbortSignal): Promise<void> {
    const { secrets, problems } = this.#ports.status();
    const watched = new Set(secrets.map(({ provider, pinned }) => (pinned ? null : provider)));
    const silent = new Set(problems.flatMap(({ provider }) => provider ?? []));
    await Promise.all(
      [...this.#known].map(async ([name, known]) => {
        if (silent.has(name)) return;
        const isDue = known.pausedUntilMs <= this.#ports.clock.monotonic();
        const isWanted = !known.hasAnswered || (known.isInTrouble && !watched.has(name));
        if (isDue && isWanted) await this.#ask(name, known, stopping);
        if (known.isReported && !known.isInTrouble) {
          this.#ports.events.emit({ type: 'provider.recovered', provider: name });
        }
      }),
    );
  }

  async #ask(name: string, known: Known, stopping: AbortSignal): Promise<void> {
    const { labels, clock, readiness, names } = this.#ports;
    try {
      const { ref } = labels.read({ provider: name }, QUESTION.secret, QUESTION.service);
      const { value } = await withDeadline(clock, ASK_DEADLINE_MS, stopping, async (signal) =>
        (await this.#ports.findProvider(name)).secrets.read(ref, { signal }),
      );
      value.wipe();
    } catch (error) {
      if (stopping.aborted) return;
      const failure = ProviderError.from(error, `${name} did not answer within ${ASK_DEADLINE_MS} ms`);
      if (failure.isOutage) {
        this.#failed(name, known, failure);
        return;
      }
    }
    answered(known);
    readiness.providerAnswered({ isDefault: name === names[0] });
  }

  #failed(name: string, known: Known, { code, message, retryAfterMs = 0 }: ProviderError): void {
    known.isInTrouble = true;
    known.pausedUntilMs = this.#ports.clock.monotonic() + retryAfterMs;
    if (known.isReported) return;
    this.#ports.events.emit({ type: 'provider.failed', provider: name, code, message });
  }
}

function answered(known: Known): void {
  known.hasAnswered = true;
  known.isInTrouble = false;
}

function isTrouble(outcome: 'ok' | DeliveryErrorCode): boolean {
  if (outcome === 'POLICY_DENIED') return false;
  return outcome === 'DEADLINE' || isProvidersFailure(outcome);
}
