import type { BenchSecret } from './catalog.ts';
import { HttpConnection, NoResponse, type RawAnswer, type RawRequest } from './http-connection.ts';
import type { LabelTemplate } from './label-template.ts';

/** What a driver answered to a GetSecret. */
export type DriverAnswer =
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'error'; readonly message: string }
  /** There was none in time. */
  | { readonly kind: 'none' };

/** One task's request for one secret. */
export interface SecretCall {
  readonly secret: BenchSecret;
  readonly service: string;
  readonly task: string;
}

/** The headers that the engine's client sends: no Content-Type among them. */
const HEADERS = {
  Host: 'plugin.moby.localhost',
  'User-Agent': 'Go-http-client/1.1',
  Accept: 'application/vnd.docker.plugins.v1.2+json',
};
/** Idle connections that the engine's client keeps; what is beyond is closed. */
const KEPT_CONNECTIONS = 2;
/** No case waits longer for an answer; the engine itself would for ever. */
const MAX_CALL_MS = 30_000;

/** A secret driver's client, as the engine is one. */
export class DriverClient {
  readonly #socketPath: string;
  readonly #labels: LabelTemplate;
  readonly #idle: HttpConnection[] = [];

  constructor(socketPath: string, labels: LabelTemplate) {
    this.#socketPath = socketPath;
    this.#labels = labels;
  }

  /** @throws where the connection fails, or the driver does not say that it is a secret driver. */
  async activate(): Promise<void> {
    const { status, body } = await this.#post('/Plugin.Activate', '{}', MAX_CALL_MS);
    if (status !== 200 || !body.includes('secretprovider')) {
      throw new Error(`Plugin.Activate was answered with ${status} ${body.toString()}`);
    }
  }

  /** @throws where the connection fails, or what is answered is not of the protocol. */
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
