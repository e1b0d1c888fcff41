import {
  type Attempt,
  type Clock,
  DeadlineExceeded,
  type Random,
  TransientRetries,
  withDeadline,
} from '@vault-swarm/kernel';
import { type Events, ProviderError, type ProviderErrorCode } from '@vault-swarm/provider';
import nodeVault from 'node-vault';
import { classify } from './error-code.ts';
import type { VaultCall, VaultResponse } from './http-types.ts';
import { NoResponse } from './no-response.ts';
import { Transport } from './transport.ts';
import { describeServer, type VariablePrefix, type VaultServer } from './vault-server.ts';

/** The deadline of one call, including the wait for a connection. */
const CALL_DEADLINE_MS = 10_000;

/** A name that Swarm allows for a service. No other text becomes a header. */
const CONSUMER = /^[\w.-]{1,128}$/;

/** The dependencies of the client, besides its configuration. */
export interface VaultClientOptions {
  /** The instance's name in messages and events. */
  readonly name: string;
  readonly clock: Clock;
  /** For the jitter of retries. */
  readonly random: Random;
  /** Receives an event for every call. */
  readonly events: Events;
}

/** Calls one Vault server. It knows HTTP and JSON, but not logins or secrets. */
export class VaultClient {
  /** The server for messages: `vault at https://vault:8200`. */
  readonly server: string;
  /** What its variables start with, for messages. */
  readonly prefix: VariablePrefix;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #retries: TransientRetries;
  readonly #transport: Transport;
  readonly #sendsConsumer: boolean;
  readonly #vault: nodeVault.client & { pathPrefix: string; namespace: string };

  constructor(config: VaultServer, options: VaultClientOptions) {
    this.server = `${options.name} at ${describeServer(config)}`;
    this.prefix = config.prefix;
    this.#name = options.name;
    this.#sendsConsumer = config.sendsConsumer;
    this.#clock = options.clock;
    this.#events = options.events;
    this.#retries = new TransientRetries(options.clock, options.random);
    this.#transport = new Transport(this.server, config, options.clock);
    const vault = nodeVault({
      // Its own logger would print request bodies, which contain credentials, if DEBUG is set.
      debug: () => {},
      // Our options have types, so its validation at run time is skipped.
      tv4: Object.assign(() => true, { validate: () => true }),
      'request-promise': { defaults: () => this.#transport.send },
    });
    // node-vault takes missing options from the environment, which would send another provider's token here.
    this.#vault = Object.assign(vault, {
      endpoint: config.address,
      pathPrefix: '',
      token: '',
      namespace: config.namespace ?? '',
    });
  }

  /** The client certificate of our connections as PEM; empty if there is none. */
  get certificate(): string {
    return this.#transport.certificate;
  }

  /** Uses changed certificate files: later calls open new connections. */
  reloadCertificates(): void {
    this.#transport.reloadCertificates();
  }

  /**
   * Sends one call and returns its response, also one with an error status. Transient failures are retried if that
   * repeats no effect.
   *
   * @throws {ProviderError} `UNAVAILABLE` if there is no response within the deadline, or the call was aborted;
   * `INVALID_PAYLOAD` if the response is too large.
   */
  async request(call: VaultCall): Promise<VaultResponse> {
    const { deadlineMs = CALL_DEADLINE_MS } = call;
    try {
      return await withDeadline(this.#clock, deadlineMs, call.signal, (signal) =>
        this.#retries.run(signal, (attempt) => this.#attempt(call, signal, attempt)),
      );
    } catch (error) {
      if (error instanceof ProviderError) throw error;
      if (call.signal.aborted) throw new ProviderError('UNAVAILABLE', `the call to ${this.server} was aborted`);
      const why =
        error instanceof DeadlineExceeded ? `did not answer within ${deadlineMs} ms; ${this.#slow}` : 'is unreachable';
      throw new ProviderError('UNAVAILABLE', `${this.server} ${why}`);
    }
  }

  /** What to check if there is no answer. */
  get #slow(): string {
    return `check ${this.prefix}_ADDR, any firewall or proxy on the way, and whether the server is overloaded`;
  }

  /** Closes all connections and aborts calls in flight. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  async #attempt(call: VaultCall, signal: AbortSignal, { failed }: Attempt): Promise<VaultResponse> {
    const startedAtMs = this.#clock.monotonic();
    const tell = (outcome: 'ok' | ProviderErrorCode, isRepeated: boolean) =>
      this.#events.emit({
        type: 'provider.request-completed',
        provider: this.#name,
        operation: call.operation,
        outcome,
        durationMs: this.#clock.monotonic() - startedAtMs,
        ...(isRepeated ? { isRepeated } : {}),
      });
    const isRepeatable = call.isRepeatable ?? call.method === 'GET';
    try {
      const answer = await this.#exchange(call, signal);
      const verdict = classify(call.operation, answer);
      if (verdict === 'ok') tell('ok', false);
      else if (verdict.code === 'UNAVAILABLE') {
        const maySoonPass = !verdict.isLasting && answer.retryAfterMs === undefined;
        tell(verdict.code, failed(maySoonPass && (isRepeatable || verdict.isUntouched)));
      } else tell(verdict.code, verdict.code === 'UNAUTHENTICATED' && call.hasOtherToken === true);
      return answer;
    } catch (error) {
      const isNoResponse = error instanceof NoResponse;
      const isRepeated = isNoResponse && failed(error.maySoonPass && (isRepeatable || !error.wasSent));
      tell(error instanceof ProviderError ? error.code : 'UNAVAILABLE', isRepeated);
      throw error;
    }
  }

  async #exchange(call: VaultCall, signal: AbortSignal): Promise<VaultResponse> {
    let answer: VaultResponse | undefined;
    const sent = this.#vault.request({
      method: call.method,
      path: `/${call.path}`,
      headers: {
        ...(call.token === undefined ? {} : { 'X-Vault-Token': call.token }),
        ...(this.#sendsConsumer && CONSUMER.test(call.consumer ?? '') ? { 'X-Swarm-Service': call.consumer } : {}),
      },
      ...(call.body === undefined ? {} : { json: call.body }),
      exactNumbers: call.exactNumbers === true,
      // node-vault passes unknown options to the transport.
      signal,
      onAnswer: (given: VaultResponse) => {
        answer = given;
      },
    });
    try {
      await sent;
    } catch (error) {
      // node-vault rejects for an error status with the response body in the error. Only the status is used.
      if (answer === undefined) throw error;
    }
    if (answer === undefined) throw new ProviderError('UNAVAILABLE', `${this.server} gave no response`);
    return answer;
  }
}
