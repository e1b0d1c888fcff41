import { type Clock, withDeadline } from '@vault-swarm/kernel';
import {
  type DeliveryErrorCode,
  isOutageCode,
  type LabelReader,
  ProviderError,
  type ProviderInstance,
  type TimedEvent,
} from '@vault-swarm/provider';
import type { ProviderOutages } from './provider-outages.ts';

/** A read that shows whether a provider answers. "Not found" is an answer too. */
const QUESTION = { service: 'vault-swarm', secret: 'readiness' };

const ASK_DEADLINE_MS = 5_000;

/** The dependencies of the health checks. */
export interface ProviderHealthCheckPorts {
  /** The names of the configured providers, the default one first. */
  readonly names: readonly string[];
  readonly findProvider: (name: string) => Promise<ProviderInstance>;
  readonly labels: Pick<LabelReader, 'read'>;
  /** The polls of a provider: whether there are any, since secrets of it are in use, and whether they fail. */
  readonly pollsOf: (name: string) => { readonly isPolled: boolean; readonly isFailing: boolean };
  /** Called when a check got an answer. */
  readonly onAnswer: (name: string) => void;
  readonly outages: ProviderOutages;
  readonly clock: Clock;
}

interface Known {
  hasAnswered: boolean;
  isInTrouble: boolean;
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
        { hasAnswered: false, isInTrouble: false, pausedUntilMs: Number.NEGATIVE_INFINITY },
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
      default:
    }
  }

  /** Checks all due providers once. Resolves when each has answered or timed out. Never rejects. */
  async round(stopping: AbortSignal): Promise<void> {
    await Promise.all(
      [...this.#known].map(async ([name, known]) => {
        const { isPolled, isFailing } = this.#ports.pollsOf(name);
        if (isFailing) return;
        const isDue = known.pausedUntilMs <= this.#ports.clock.monotonic();
        const isWanted = !known.hasAnswered || (known.isInTrouble && !isPolled);
        if (isDue && isWanted) await this.#ask(name, known, stopping);
        if (!known.isInTrouble) this.#ports.outages.answered(name);
      }),
    );
  }

  async #ask(name: string, known: Known, stopping: AbortSignal): Promise<void> {
    const { labels, clock, onAnswer } = this.#ports;
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
    onAnswer(name);
  }

  #failed(name: string, known: Known, failure: ProviderError): void {
    known.isInTrouble = true;
    known.pausedUntilMs = this.#ports.clock.monotonic() + (failure.retryAfterMs ?? 0);
    this.#ports.outages.failed(name, failure);
  }
}

function answered(known: Known): void {
  known.hasAnswered = true;
  known.isInTrouble = false;
}

function isTrouble(outcome: 'ok' | DeliveryErrorCode): boolean {
  if (outcome === 'POLICY_DENIED') return false;
  return outcome === 'DEADLINE' || isOutageCode(outcome);
}
