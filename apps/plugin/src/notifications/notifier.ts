import { randomUUID } from 'node:crypto';
import {
  backoffMs,
  type Clock,
  displayText,
  type Emitter,
  errorMessage,
  jittered,
  type Random,
  sleep,
} from '@vault-swarm/kernel';
import type { EventCatalog, EventRecord } from '@vault-swarm/metrics';
import type { TimedEvent } from '@vault-swarm/provider';
import { Webhook } from 'standardwebhooks';
import type { NotificationConfig } from './notification-config.ts';
import type { NotificationEvent } from './notification-events.ts';

/** More wait only while the receiver fails. */
const MAX_WAITING = 100;
/** With the pauses between them, about four minutes. */
const MAX_ATTEMPTS = 8;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 5 * 60_000;
const TIMEOUT_MS = 10_000;

interface Message {
  /** The same for each attempt, so that the receiver can recognise a repeated message. */
  readonly id: string;
  readonly body: string;
}

/** What a notifier needs. */
export interface NotifierPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** Receives `notification.sent` and `notification.failed`. */
  readonly events: Emitter<NotificationEvent>;
  readonly catalog: EventCatalog;
  /** Only the leader's plugin sends, so that one event of three managers is one message. */
  readonly isLeading: () => boolean;
}

/**
 * Sends chosen events to one receiver as signed webhooks, one after the other. Nothing waits for it: events are queued, and
 * dropped while the queue is full.
 *
 * @see https://www.standardwebhooks.com
 */
export class Notifier {
  readonly #config: NotificationConfig;
  readonly #ports: NotifierPorts;
  readonly #queue: Message[] = [];
  readonly #stopping = new AbortController();
  #isSending = false;

  constructor(config: NotificationConfig, ports: NotifierPorts) {
    this.#config = config;
    this.#ports = ports;
  }

  /** Queues a chosen event. Never throws, never blocks. */
  observe(event: TimedEvent): void {
    if (!this.#config.events.some((type) => type === event.type) || !this.#ports.isLeading()) return;
    if (this.#queue.length >= MAX_WAITING) {
      this.#failed('dropped', `${MAX_WAITING} messages wait already`);
      return;
    }
    this.#queue.push(messageOf(this.#ports.catalog.record(event)));
    if (!this.#isSending) void this.#sendAll();
  }

  /** Stops. Waiting messages are dropped. */
  close(): void {
    this.#stopping.abort(new Error('the plugin is stopping'));
    this.#queue.length = 0;
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      await this.#deliver(next);
      this.#queue.shift();
    }
    this.#isSending = false;
  }

  /** Sends until it succeeds, is refused, or has failed too often. Never rejects. */
  async #deliver(message: Message): Promise<void> {
    const { clock, random, events } = this.#ports;
    const { signal } = this.#stopping;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const outcome = await this.#attempt(message);
      if (signal.aborted) return;
      if (outcome === null) {
        events.emit({ type: 'notification.sent', notification: this.#config.name });
        return;
      }
      if (!outcome.retryable || attempt + 1 >= MAX_ATTEMPTS) {
        this.#failed('failed', outcome.message);
        return;
      }
      const pauseMs = jittered(backoffMs(FIRST_PAUSE_MS, MAX_PAUSE_MS, attempt), random);
      await sleep(clock, pauseMs, signal).catch(() => undefined);
    }
  }

  /** `null` if the receiver accepted it. */
  async #attempt({ id, body }: Message): Promise<{ readonly message: string; readonly retryable: boolean } | null> {
    const { url, secret } = this.#config;
    const at = new Date(this.#ports.clock.now());
    try {
      const response = await fetch(url, {
        method: 'POST',
        // A redirect could lead the message, and with it the names of secrets, to another host.
        redirect: 'manual',
        signal: AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(TIMEOUT_MS)]),
        headers: {
          'Content-Type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
          'webhook-signature': new Webhook(secret.read()).sign(id, at, body),
        },
        body,
      });
      await response.body?.cancel();
      if (response.ok) return null;
      const { status } = response;
      return {
        message: `the receiver answered ${status}`,
        retryable: status >= 500 || status === 408 || status === 429,
      };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      return { message: displayText(errorMessage(cause)), retryable: true };
    }
  }

  #failed(result: 'failed' | 'dropped', message: string): void {
    this.#ports.events.emit({ type: 'notification.failed', notification: this.#config.name, result, message });
  }
}

function messageOf({ time, event: type, level, ...data }: EventRecord): Message {
  return {
    id: `msg_${randomUUID()}`,
    body: JSON.stringify({ type, timestamp: time, data: { severity: level, ...data } }),
  };
}
