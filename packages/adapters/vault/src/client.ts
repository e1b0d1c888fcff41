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
import { describeServer, type VaultServer } from './vault-server.ts';

/** The longest that one call may take, sent or waiting for a connection. */
const CALL_DEADLINE_MS = 10_000;

/** What the client needs besides its configuration. */
export interface VaultClientOptions {
  /** The instance's name, in messages and events. */
  readonly name: string;
  readonly clock: Clock;
  /** For the jitter of repeated calls. */
  readonly random: Random;
  /** Is told of every call. */
  readonly events: Events;
}

/** Calls one Vault server. Knows HTTP and JSON, and nothing of logins or secrets. */
export class VaultClient {
  /** The server as messages name it: `vault at https://vault:8200`. */
  readonly server: string;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #retries: TransientRetries;
  readonly #transport: Transport;
  readonly #vault: nodeVault.client & { pathPrefix: string; namespace: string };

  constructor(config: VaultServer, options: VaultClientOptions) {
    this.server = `${options.name} at ${describeServer(config)}`;
    this.#name = options.name;
    this.#clock = options.clock;
    this.#events = options.events;
    this.#retries = new TransientRetries(options.clock, options.random);
    this.#transport = new Transport(this.server, config, options.clock);
    const vault = nodeVault({
      // Its own logger prints request bodies, so credentials, where DEBUG is set.
      debug: () => {},
      // What it is called with is ours, and has a type: its check at run time is left out.
      tv4: Object.assign(() => true, { validate: () => true }),
      'request-promise': { defaults: () => this.#transport.send },
    });
    // What is not given to it, node-vault takes from the environment: another provider's token would be sent here.
    this.#vault = Object.assign(vault, {
      endpoint: config.address,
      pathPrefix: '',
      token: '',
      namespace: config.namespace ?? '',
    });
  }

  /** The certificate that our connections show, as PEM; empty where there is none. */
  get certificate(): string {
    return this.#transport.certificate;
  }

  /** Takes over certificates whose files have changed: later calls open new connections. */
  reloadCertificates(): void {
    this.#transport.reloadCertificates();
  }

  /**
   * Sends one call and gives its answer, also where that is an error's status. What fails in passing is sent again, if nothing is
   * done twice by that.
   *
   * @throws {ProviderError} `UNAVAILABLE` where there is no answer within its deadline, or the call was cut off;
   * `INVALID_PAYLOAD` where the answer is too large.
   */
  async request(call: VaultCall): Promise<VaultResponse> {
    const { deadlineMs = CALL_DEADLINE_MS } = call;
    try {
      return await withDeadline(this.#clock, deadlineMs, call.signal, (signal) =>
        this.#retries.run(signal, (attempt) => this.#attempt(call, signal, attempt)),
      );
    } catch (error) {
      if (error instanceof ProviderError) throw error;
      if (call.signal.aborted) throw new ProviderError('UNAVAILABLE', `the call to ${this.server} was cut off`);
      const why = error instanceof DeadlineExceeded ? `did not answer within ${deadlineMs} ms` : 'is not reached';
      throw new ProviderError('UNAVAILABLE', `${this.server} ${why}`);
    }
  }

  /** Ends all connections. Calls in progress are cut off. */
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
    const isRepeatable = call.method === 'GET' || call.isRepeatable === true;
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
      headers: call.token === undefined ? {} : { 'X-Vault-Token': call.token },
      ...(call.body === undefined ? {} : { json: call.body }),
      exactNumbers: call.exactNumbers === true,
      // node-vault hands unknown options on to the transport.
      signal,
      onAnswer: (given: VaultResponse) => {
        answer = given;
      },
    });
    try {
      await sent;
    } catch (error) {
      // node-vault rejects for an error's status, with the answer's body in the error: only the status is wanted.
      if (answer === undefined) throw error;
    }
    if (answer === undefined) throw new ProviderError('UNAVAILABLE', `${this.server} gave no answer`);
    return answer;
  }
}
