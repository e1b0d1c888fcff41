import { Agent, request } from 'node:http';
import type { SeededRandom } from '@vault-swarm/simulation';
import type { FaultSchedule } from './fault-schedule.ts';
import type { SecretStore } from './secret-store.ts';

/** The limits for each response, in milliseconds. */
export interface AnswerLimits {
  readonly deadlineMs: number;
  /** Extra time for the transport and a busy machine. */
  readonly marginMs: number;
  readonly cacheMaxAgeMs: number;
  readonly staleIfErrorMs: number;
}

/** The results of the calls of a soak. */
export interface CallCounts {
  readonly asked: number;
  readonly values: number;
  /** Responses with an error. */
  readonly refusals: number;
  readonly maxMs: number;
}

interface Answer {
  readonly Value?: string;
  readonly Err?: string;
}

const TIMEOUT_MS = 30_000;
const INVALID_LABELS = [{ vault_pth: 'x' }, { vault_path: ' ' }, { encoding: 'rot13' }, { provider: 'nobody' }];

/** Sends requests to the driver's socket as the engine does, and checks each response. */
export class DirectCalls {
  readonly #socketPath: string;
  readonly #store: SecretStore;
  readonly #schedule: FaultSchedule;
  readonly #random: SeededRandom;
  readonly #limits: AnswerLimits;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #problems: string[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #durationsMs: number[] = [];
  #counts = { asked: 0, values: 0, refusals: 0, maxMs: 0 };

  constructor(
    socketPath: string,
    ports: { store: SecretStore; schedule: FaultSchedule; random: SeededRandom; limits: AnswerLimits },
  ) {
    this.#socketPath = socketPath;
    this.#store = ports.store;
    this.#schedule = ports.schedule;
    this.#random = ports.random;
    this.#limits = ports.limits;
  }

  /** A description of each wrong response, which shows no value. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  get counts(): CallCounts {
    return this.#counts;
  }

  /** The percentiles of the durations since the last call of this method, in milliseconds. */
  takeDurations(): { readonly p50: number; readonly p99: number; readonly longest: number } {
    const sorted = this.#durationsMs.sort((a, b) => a - b);
    this.#durationsMs = [];
    const at = (part: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
    return { p50: at(0.5), p99: at(0.99), longest: at(1) };
  }

  /** Starts one more call. Its response is checked when it arrives. */
  start(): void {
    const call = this.#random.chance(0.05) ? this.#requestInvalid() : this.#requestValid();
    this.#inFlight.add(call);
    void call.finally(() => this.#inFlight.delete(call));
  }

  /** Resolves when every started call has its response. */
  async settled(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #requestValid(): Promise<void> {
    const name = this.#random.pick(this.#store.names());
    const asked = await this.#ask({ vault_path: name, vault_field: 'password' });
    if (asked === undefined) return;
    const { answer, requestedAtMs, answeredAtMs } = asked;
    // Vault must have been healthy for the whole time in which the oldest allowed value may have been read.
    const isHealthy = this.#schedule.isHealthy(
      requestedAtMs - this.#limits.cacheMaxAgeMs - this.#limits.deadlineMs,
      answeredAtMs,
    );
    if (answer.Value === undefined) {
      this.#counts.refusals += 1;
      if (isHealthy) this.#problems.push(`${name} was refused although Vault is healthy: ${answer.Err}`);
      return;
    }
    this.#counts.values += 1;
    const { cacheMaxAgeMs, staleIfErrorMs, deadlineMs, marginMs } = this.#limits;
    const allowedMs = (isHealthy ? cacheMaxAgeMs : staleIfErrorMs) + deadlineMs + marginMs;
    const value = Buffer.from(answer.Value, 'base64').toString();
    const problem = this.#store.history(name).problemOf(value, { requestedAtMs, answeredAtMs }, allowedMs);
    if (problem !== undefined)
      this.#problems.push(`${name} (${isHealthy ? 'healthy' : this.#schedule.now}): ${problem}`);
  }

  async #requestInvalid(): Promise<void> {
    const labels = this.#random.pick([...INVALID_LABELS, { vault_path: `nothing/${this.#random.between(1, 50)}` }]);
    const asked = await this.#ask(labels);
    if (asked === undefined) return;
    this.#counts.refusals += 1;
    if (asked.answer.Value !== undefined) this.#problems.push(`${JSON.stringify(labels)} was given a value`);
  }

  async #ask(SecretLabels: Readonly<Record<string, string>>) {
    const id = () => Array.from({ length: 25 }, () => this.#random.between(0, 35).toString(36)).join('');
    // The plugin records deliveries to unknown tasks for some minutes, so not every call names a task.
    const task = this.#random.chance(0.1) ? { ServiceID: id(), TaskID: id() } : {};
    const body = JSON.stringify({ SecretName: 'direct', ServiceName: 'direct', SecretLabels, ...task });
    const requestedAtMs = performance.now();
    this.#counts.asked += 1;
    try {
      const { status, text } = await this.#post(body);
      const answeredAtMs = performance.now();
      const durationMs = answeredAtMs - requestedAtMs;
      this.#durationsMs.push(durationMs);
      this.#counts.maxMs = Math.max(this.#counts.maxMs, durationMs);
      if (durationMs > this.#limits.deadlineMs + this.#limits.marginMs) {
        this.#problems.push(`an answer came after ${Math.round(durationMs)} ms (${this.#schedule.now})`);
      }
      if (status === 200) return { answer: JSON.parse(text) as Answer, requestedAtMs, answeredAtMs };
      this.#problems.push(`status ${status}: ${text}`);
    } catch (error) {
      this.#problems.push(`no answer (${this.#schedule.now}): ${String(error)}`);
    }
    return undefined;
  }

  #post(body: string): Promise<{ readonly status: number; readonly text: string }> {
    const headers = { Host: '', 'Content-Length': Buffer.byteLength(body) };
    const options = { socketPath: this.#socketPath, path: '/SecretProvider.GetSecret', method: 'POST', headers };
    return new Promise((resolve, reject) => {
      const call = request({ ...options, agent: this.#agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject);
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      });
      call.setTimeout(TIMEOUT_MS, () => call.destroy(new Error(`no response in ${TIMEOUT_MS / 1000} s`)));
      call.once('error', reject).end(body);
    });
  }
}
