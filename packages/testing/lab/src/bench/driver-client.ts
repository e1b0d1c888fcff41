import type { BenchSecret } from './catalog.ts';
import { HttpConnection, NoResponse, type RawAnswer, type RawRequest } from './http-connection.ts';
import type { LabelTemplate } from './label-template.ts';

/** A driver's response to GetSecret. */
export type DriverAnswer =
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'error'; readonly message: string }
  /** No response before the timeout. */
  | { readonly kind: 'none' };

/** One task's request for one secret. */
export interface SecretCall {
  readonly secret: BenchSecret;
  readonly service: string;
  readonly task: string;
}

/** The headers of the engine's client, which sends no Content-Type. */
const HEADERS = {
  Host: 'plugin.moby.localhost',
  'User-Agent': 'Go-http-client/1.1',
  Accept: 'application/vnd.docker.plugins.v1.2+json',
};
/** The maximum of idle connections of the engine's client; it closes others. */
const KEPT_CONNECTIONS = 2;
/** The timeout of a call. The engine has none. */
const MAX_CALL_MS = 30_000;

/** A client of secret drivers that behaves as the engine does. */
export class DriverClient {
  readonly #socketPath: string;
  readonly #labels: LabelTemplate;
  readonly #idle: HttpConnection[] = [];

  constructor(socketPath: string, labels: LabelTemplate) {
    this.#socketPath = socketPath;
    this.#labels = labels;
  }

  /** @throws if the connection fails, or the response is not that of a secret driver. */
  async activate(): Promise<void> {
    const { status, body } = await this.#post('/Plugin.Activate', '{}', MAX_CALL_MS);
    if (status !== 200 || !body.includes('secretprovider')) {
      throw new Error(`Plugin.Activate was answered with ${status} ${body.toString()}`);
    }
  }

  /** @throws if the connection fails, or the response violates the protocol. */
  async getSecret(call: SecretCall, timeoutMs = MAX_CALL_MS): Promise<DriverAnswer> {
    let answer: RawAnswer;
    try {
      answer = await this.#post('/SecretProvider.GetSecret', this.#bodyFor(call), timeoutMs);
    } catch (error) {
      if (error instanceof NoResponse) return { kind: 'none' };
      throw error;
    }
    const { Value, Err } = JSON.parse(answer.body.toString()) as { readonly Value?: string; readonly Err?: string };
    if (Err !== undefined && Err !== '') return { kind: 'error', message: Err };
    if (answer.status !== 200) throw new Error(`GetSecret was answered with ${answer.status} and no error`);
    return { kind: 'value', value: Buffer.from(Value ?? '', 'base64').toString() };
  }

  close(): void {
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  async #post(path: string, body: string, timeoutMs: number): Promise<RawAnswer> {
    const connection = this.#connection();
    const request: RawRequest = { method: 'POST', path, headers: HEADERS, body };
    const answer = await connection.request(request, timeoutMs);
    if (this.#idle.length < KEPT_CONNECTIONS && connection.isOpen) this.#idle.push(connection);
    else connection.close();
    return answer;
  }

  #connection(): HttpConnection {
    for (let kept = this.#idle.pop(); kept !== undefined; kept = this.#idle.pop()) if (kept.isOpen) return kept;
    return new HttpConnection({ path: this.#socketPath });
  }

  #bodyFor({ secret, service, task }: SecretCall): string {
    return JSON.stringify({
      SecretName: secret.name,
      SecretLabels: this.#labels(secret),
      ServiceID: `id-of-${service}`,
      ServiceName: service,
      ServiceEndpointSpec: { Mode: 1 },
      TaskID: task,
      TaskName: `${service}.1.${task}`,
      TaskImage: 'app:latest',
      NodeID: 'mnj7xzh3q8nwv5oq4q2k1gyf0',
    });
  }
}
