import { Agent as HttpAgent, IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { addAbortSignal } from 'node:stream';
import { inspect } from 'node:util';
import {
  boundedBytes,
  type Clock,
  DeadlineExceeded,
  displayText,
  errorMessage,
  TooManyBytes,
  withDeadline,
} from '@vault-swarm/kernel';
import { AccessDenied } from '@vault-swarm/rotation';
import Docker from 'dockerode';
import { type DockerConfig, describeEngine } from './config.ts';
import { DockerError } from './docker-error.ts';
import { wholeText } from './json-stream.ts';

/** One call. */
export interface DockerCall {
  readonly method: 'GET' | 'POST';
  /** Without a version: the engine then takes its own newest, so that any engine fits. */
  readonly path: string;
  /** Objects are sent as JSON. */
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  /** The longest answer that is read; 32 MiB where it is not given. */
  readonly maxBytes?: number;
  readonly signal: AbortSignal;
}

/** What a connection needs beside its address. */
export interface DockerConnectionOptions {
  readonly clock: Clock;
  /** How long a reading call may take, its answer's body included. */
  readonly readDeadlineMs?: number;
  /** How long a writing call may take. Swarm's store is held for 7 to 8 s while many tasks start. */
  readonly writeDeadlineMs?: number;
}

/** Calls to one engine, over few connections that are kept open. Each has a deadline of its own. */
export interface DockerConnection {
  /**
   * Makes a call and reads its answer.
   * @param read gets the body of a 2xx answer. It must read it to its end.
   * @throws {DockerError} with the engine's status, or without one where there was no whole answer in time. An abort
   *   of the call's signal rejects with its reason.
   */
  call<T>(call: DockerCall, read: (body: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T>;
  /**
   * Opens an answer without an end. The deadline is for its start; it ends with the signal.
   * @throws {DockerError} as `call`.
   */
  open(call: DockerCall): Promise<AsyncIterable<Uint8Array>>;
  /** Closes the connections that are kept open. */
  close(): void;
}

/**
 * The longest answer about one object: Swarm's store takes objects of 1.5 MB, a service is answered with its spec of before
 * too, and in JSON a control character takes six bytes.
 */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/** The longest list, six times as long as that of 10,000 tasks. */
export const MAX_LIST_BYTES = 128 * 1024 * 1024;
/** The longest reason for an error. */
const MAX_REASON_BYTES = 64 * 1024;

/** Connections at a time: a pass reads three lists at once, rolls a few services, and one follows the events. */
const MAX_CONNECTIONS = 8;
const READ_DEADLINE_MS = 5_000;
const WRITE_DEADLINE_MS = 15_000;

/** Every status is an answer to docker-modem: what it means is decided here. */
const ANY_STATUS = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [index + 100, true]));

/** Makes a connection; it opens nothing before the first call. */
export function createDockerConnection(config: DockerConfig, options: DockerConnectionOptions): DockerConnection {
  return new ModemConnection(config, options);
}

/**
 * dockerode's modem, asked for streams only. Its own reading of a body never settles where the connection breaks in the
 * middle of it, and rounds numbers of a service's spec which then could not be written back as they were.
 */
class ModemConnection implements DockerConnection {
  readonly #modem: Docker['modem'];
  readonly #agent: HttpAgent;
  readonly #engine: string;
  readonly #clock: Clock;
  readonly #readDeadlineMs: number;
  readonly #writeDeadlineMs: number;

  constructor(config: DockerConfig, options: DockerConnectionOptions) {
    this.#engine = describeEngine(config);
    this.#clock = options.clock;
    this.#readDeadlineMs = options.readDeadlineMs ?? READ_DEADLINE_MS;
    this.#writeDeadlineMs = options.writeDeadlineMs ?? WRITE_DEADLINE_MS;
    this.#agent = makeAgent(config);
    this.#modem = new Docker(modemOptions(config, this.#agent)).modem;
  }

  call<T>(call: DockerCall, read: (body: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T> {
    return this.#bounded(call, async (signal) => {
      const response = await this.#dial(call, signal);
      addAbortSignal(signal, response);
      return read(boundedBytes(response, call.maxBytes ?? MAX_ANSWER_BYTES));
    });
  }

  async open(call: DockerCall): Promise<AsyncIterable<Uint8Array>> {
    // The deadline's own signal ends with the opening; the stream needs one that lives on.
    const opening = new AbortController();
    const response = await this.#bounded(call, async (signal) => {
      const abort = () => opening.abort(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      try {
        return await this.#dial(call, AbortSignal.any([opening.signal, call.signal]));
      } finally {
        signal.removeEventListener('abort', abort);
      }
    });
    return addAbortSignal(call.signal, response);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #bounded<T>(call: DockerCall, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const name = `${call.method} ${call.path}`;
    const deadlineMs = call.method === 'GET' ? this.#readDeadlineMs : this.#writeDeadlineMs;
    try {
      return await withDeadline(this.#clock, deadlineMs, call.signal, work);
    } catch (error) {
      if (call.signal.aborted) throw call.signal.reason;
      if (error instanceof DockerError || error instanceof AccessDenied) throw error;
      if (error instanceof DeadlineExceeded) {
        throw new DockerError(`${this.#engine} did not answer ${name} within ${deadlineMs} ms`, undefined, error);
      }
      if (error instanceof TooManyBytes) {
        throw new DockerError(
          `the answer of ${this.#engine} to ${name} is not read: ${error.message}`,
          undefined,
          error,
        );
      }
      throw new DockerError(
        `${this.#engine} could not be asked ${name}: ${displayText(errorMessage(error))}`,
        undefined,
        error,
      );
    }
  }

  /** The answer, if it is a good one. */
  async #dial(call: DockerCall, signal: AbortSignal): Promise<IncomingMessage> {
    const hasQuery = call.query !== undefined && Object.keys(call.query).length > 0;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      this.#modem.dial(
        {
          // The modem adds the query where the path ends with a question mark.
          path: hasQuery ? `${call.path}?` : call.path,
          method: call.method,
          options: { _query: call.query, _body: call.body },
          isStream: true,
          abortSignal: signal,
          statusCodes: ANY_STATUS,
        },
        (error, answer) => (answer instanceof IncomingMessage ? resolve(answer) : reject(error)),
      );
    });
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    addAbortSignal(signal, response);
    const reason = await reasonOf(response);
    const message = `${this.#engine} answered ${call.method} ${call.path} with ${status}: ${displayText(reason)}`;
    // Docker itself never does so: something before it filters requests.
    if (status === 401 || status === 403) {
      throw new AccessDenied(`${message}; allow it in what filters the requests to Docker (docs/reference/docker.md)`);
    }
    throw new DockerError(message, status, undefined, reason);
  }
}

function makeAgent(config: DockerConfig): HttpAgent {
  const pool = { keepAlive: true, maxSockets: MAX_CONNECTIONS, maxFreeSockets: MAX_CONNECTIONS };
  const agent =
    config.kind === 'tcp' && config.tls !== null
      ? // As for Docker's own client, ca.pem may have an authority that another one issued.
        new HttpsAgent({ ...pool, rejectUnauthorized: config.tls.verify, allowPartialTrustChain: true })
      : new HttpAgent(pool);
  // For a debug line that nobody sees, the modem inspects all that it is given, at each call: half of what a call costs.
  return Object.assign(agent, { [inspect.custom]: () => 'Agent' });
}

/** Everything is said, also what is not: what is missing the modem would take from `process.env`. */
function modemOptions(config: DockerConfig, agent: HttpAgent): Docker.DockerOptions {
  const nothing = { version: undefined, timeout: undefined, connectionTimeout: undefined, pathPrefix: '/' };
  const none = { ...nothing, host: undefined, port: undefined, ca: undefined, cert: undefined, key: undefined };
  const options =
    config.kind === 'unix'
      ? { ...none, socketPath: config.socketPath, protocol: 'http', agent }
      : {
          ...none,
          socketPath: undefined,
          host: config.host.includes(':') ? `[${config.host}]` : config.host,
          port: config.port,
          protocol: config.tls === null ? 'http' : 'https',
          ...(config.tls !== null && { ca: config.tls.ca, cert: config.tls.certificate, key: config.tls.key.read() }),
          agent,
        };
  return options as Docker.DockerOptions;
}

async function reasonOf(response: AsyncIterable<Uint8Array>): Promise<string> {
  try {
    return reasonIn(await wholeText(boundedBytes(response, MAX_REASON_BYTES)));
  } catch (error) {
    if (error instanceof TooManyBytes) return `its reason is not read: ${error.message}`;
    throw error;
  }
}

/** The engine says why as `{"message": …}`; a proxy before it may say anything. */
function reasonIn(text: string): string {
  try {
    const { message } = JSON.parse(text);
    if (typeof message === 'string') return message;
  } catch {
    // Not JSON: shown as it is.
  }
  return text.trim() || 'no reason given';
}
