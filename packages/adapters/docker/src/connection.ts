import { Agent as HttpAgent, IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, isIPv6 } from 'node:net';
import { addAbortSignal } from 'node:stream';
import { inspect } from 'node:util';
import {
  boundedBytes,
  type Clock,
  connectionFailure,
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

/** One request to the engine. */
export interface DockerCall {
  readonly method: 'GET' | 'POST';
  /** Without a version: the engine then uses its newest one, so that every engine works. */
  readonly path: string;
  /** Objects are sent as JSON. */
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  /** The largest response that is read; the default is 32 MiB. */
  readonly maxBytes?: number;
  readonly signal: AbortSignal;
}

/** The dependencies of a connection, besides its address. */
export interface DockerConnectionOptions {
  readonly clock: Clock;
  /** The deadline of a read call in milliseconds, including the response body. */
  readonly readDeadlineMs?: number;
  /** The deadline of a write call in milliseconds. Swarm's store is locked for 7 to 8 s while many tasks start. */
  readonly writeDeadlineMs?: number;
}

/** Calls to one engine over a few persistent connections. Each call has its own deadline. */
export interface DockerConnection {
  /**
   * Makes a call and reads its response.
   * @param read receives the body of a 2xx response and must read it to the end.
   * @throws {DockerError} with the engine's status, or without one if no complete response came in time. If the call's
   * signal is aborted, it rejects with the signal's reason.
   */
  call<T>(call: DockerCall, read: (body: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T>;
  /**
   * Opens a response without an end. The deadline applies until the response starts; the signal ends it.
   * @throws {DockerError} as `call`.
   */
  open(call: DockerCall): Promise<AsyncIterable<Uint8Array>>;
  /** Closes the persistent connections. */
  close(): void;
}

/**
 * The largest response about one object. Swarm's store accepts objects of 1.5 MB, a service has its previous spec too,
 * and JSON may use six bytes for a control character.
 */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/** The largest list: six times that of 10,000 tasks. */
export const MAX_LIST_BYTES = 128 * 1024 * 1024;
/** The longest error reason that is read. */
const MAX_REASON_BYTES = 64 * 1024;

/**
 * Connections at the same time: a reconcile pass reads three lists and updates a few services, and one connection
 * follows the events.
 */
const MAX_CONNECTIONS = 8;
const READ_DEADLINE_MS = 5_000;
const WRITE_DEADLINE_MS = 15_000;

/** docker-modem accepts every status; we decide what it means. */
const ANY_STATUS = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [index + 100, true]));

/** Creates a connection. It opens nothing before the first call. */
export function createDockerConnection(config: DockerConfig, options: DockerConnectionOptions): DockerConnection {
  return new ModemConnection(config, options);
}

/**
 * Uses dockerode's modem for streams only. Its own body reader never settles if the connection breaks, and it rounds
 * numbers of a service's spec, which then could not be written back unchanged.
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
    // The deadline's signal ends when the response starts; the stream needs one that lives longer.
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
          `the response of ${this.#engine} to ${name} can't be read: ${error.message}`,
          undefined,
          error,
        );
      }
      throw new DockerError(`${this.#engine} ${whyNotCalled(error)} (${name})`, undefined, error);
    }
  }

  /** Sends the call and returns the response if its status is 2xx. */
  async #dial(call: DockerCall, signal: AbortSignal): Promise<IncomingMessage> {
    const hasQuery = call.query !== undefined && Object.keys(call.query).length > 0;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      this.#modem.dial(
        {
          // The modem adds the query if the path ends with a question mark.
          path: hasQuery ? `${call.path}?` : call.path,
          method: call.method,
          options: { _query: call.query, _body: call.body },
          isStream: true,
          abortSignal: withoutDetails(signal),
          statusCodes: ANY_STATUS,
        },
        (error, answer) => (answer instanceof IncomingMessage ? resolve(answer) : reject(error)),
      );
    });
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    addAbortSignal(signal, response);
    const reason = await reasonOf(response);
    const isTlsMissing = status === 400 && reason.startsWith('Client sent an HTTP request to an HTTPS server');
    const advice = isTlsMissing ? '; the engine uses TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH' : '';
    const message = `${this.#engine} answered ${call.method} ${call.path} with ${status}: ${displayText(reason)}${advice}`;
    // Docker itself never does this: a proxy in front of it filters requests.
    if (status === 401 || status === 403) {
      throw new AccessDenied(
        `${message}; allow it in the proxy that filters requests to Docker (docs/reference/docker.md)`,
      );
    }
    throw new DockerError(message, status, undefined, reason);
  }
}

/** Why a call failed without a response, and which setting to check. */
function whyNotCalled(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const failure = connectionFailure(code);
  if (failure === null) return `could not be called: ${displayText(errorMessage(error))}`;
  const advice = {
    name: 'check the host name in DOCKER_HOST',
    address: 'check that the engine runs, and DOCKER_HOST; a container needs its socket mounted',
    scheme: 'check the port in DOCKER_HOST, and DOCKER_TLS_VERIFY',
    certificate: 'check the files of DOCKER_CERT_PATH',
    network: 'check DOCKER_HOST, and the network',
    permission: 'run the plugin as root, or as a user with access to the socket',
    server: 'check that the engine runs; if it uses TLS, set DOCKER_TLS_VERIFY',
  }[failure.blame];
  return `${failure.reason}, ${code}; ${advice}`;
}

function makeAgent(config: DockerConfig): HttpAgent {
  const pool = {
    ...{ keepAlive: true, maxSockets: MAX_CONNECTIONS, maxFreeSockets: MAX_CONNECTIONS },
    // Without it, Node derives one from the host, also without TLS. Its expression for IPv6 takes 5 ms of each start.
    servername: '',
  };
  // Options of an agent replace those of its requests.
  const address = config.kind === 'unix' ? {} : { host: config.host, port: config.port, socketPath: undefined };
  const agent =
    config.kind === 'tcp' && config.tls !== null
      ? new HttpsAgent({
          ...pool,
          ...address,
          servername: isIP(config.host) === 0 ? config.host : '',
          ca: config.tls.ca,
          cert: config.tls.certificate,
          key: config.tls.key.read(),
          rejectUnauthorized: config.tls.verify,
          // As in Docker's own client, ca.pem may contain an intermediate authority.
          allowPartialTrustChain: true,
        })
      : new HttpAgent({ ...pool, ...address });
  return withoutDetails(agent);
}

/**
 * For a debug line, the modem inspects its options at each call, which is half of a call's cost. With `DEBUG=modem` it
 * prints them.
 */
function withoutDetails<T extends object>(option: T): T {
  return Object.assign(option, { [inspect.custom]: () => option.constructor.name });
}

/**
 * Sets every option, because the modem would take missing ones from `process.env`. It never gets a host: it would parse
 * it with `url.parse`, which Node warns of. The agent has the address instead. It also
 * has the private key, which the modem's debug lines would show.
 */
function modemOptions(config: DockerConfig, agent: HttpAgent): Docker.DockerOptions {
  const nothing = { version: undefined, timeout: undefined, connectionTimeout: undefined, pathPrefix: '/' };
  const none = { ...nothing, host: undefined, port: undefined, ca: undefined, cert: undefined, key: undefined };
  const options =
    config.kind === 'unix'
      ? { ...none, socketPath: config.socketPath, protocol: 'http', agent }
      : {
          ...none,
          socketPath: 'replaced by the agent',
          headers: { Host: `${isIPv6(config.host) ? `[${config.host}]` : config.host}:${config.port}` },
          protocol: config.tls === null ? 'http' : 'https',
          agent,
        };
  return options as Docker.DockerOptions;
}

async function reasonOf(response: AsyncIterable<Uint8Array>): Promise<string> {
  try {
    return reasonIn(await wholeText(boundedBytes(response, MAX_REASON_BYTES)));
  } catch (error) {
    if (error instanceof TooManyBytes) return `its reason can't be read: ${error.message}`;
    throw error;
  }
}

/** The engine sends the reason as `{"message": …}`; a proxy may send anything. */
function reasonIn(text: string): string {
  try {
    const { message } = JSON.parse(text);
    if (typeof message === 'string') return message;
  } catch {
    // Not JSON: shown as it is.
  }
  return text.trim() || 'no reason given';
}
