import { Agent, request } from 'node:http';
import type { SeededRandom } from '@vault-swarm/simulation';
import type { FaultSchedule } from './fault-schedule.ts';
import type { SecretStore } from './secret-store.ts';

/** What an answer is held against, in milliseconds. */
export interface AnswerLimits {
  readonly deadlineMs: number;
  /** For the way there and back, and for a machine that has other things to do. */
  readonly marginMs: number;
  readonly cacheMaxAgeMs: number;
  readonly staleIfErrorMs: number;
}

/** What the calls of a soak came to. */
export interface CallCounts {
  readonly asked: number;
  readonly values: number;
  /** Those that were older than CACHE_MAX_AGE allows while Vault answers, and rightly. */
  readonly refusals: number;
  readonly maxMs: number;
}

interface Answer {
  readonly Value?: string;
  readonly Err?: string;
}

const GIVEN_UP_MS = 30_000;
const LABELS_WRONG = [{ vault_pth: 'x' }, { vault_path: ' ' }, { encoding: 'rot13' }, { provider: 'nobody' }];

/** Asks the driver's socket as the engine does, and checks each answer. */
export class DirectCalls {
  readonly #socketPath: string;
  readonly #store: SecretStore;
  readonly #schedule: FaultSchedule;
  readonly #random: SeededRandom;
  readonly #limits: AnswerLimits;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #problems: string[] = [];
  readonly #under = new Set<Promise<void>>();
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

  /** Each wrong answer, in words that show no value. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  get counts(): CallCounts {
    return this.#counts;
  }

  /** The time that 50, 99 and all of 100 calls took at most, since this was asked last. */
  takeDurations(): { readonly p50: number; readonly p99: number; readonly longest: number } {
    const sorted = this.#durationsMs.sort((a, b) => a - b);
    this.#durationsMs = [];
    const at = (part: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
    return { p50: at(0.5), p99: at(0.99), longest: at(1) };
  }

  /** Starts one more call; its answer is checked when it is there. */
  start(): void {
    const call = this.#random.chance(0.05) ? this.#askWrongly() : this.#askRightly();
    this.#under.add(call);
    void call.finally(() => this.#under.delete(call));
  }

  /** Resolves when every call that was started has its answer. */
  async settled(): Promise<void> {
    await Promise.all(this.#under);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #askRightly(): Promise<void> {
    const name = this.#random.pick(this.#store.names());
    const asked = await this.#ask({ vault_path: name, vault_field: 'password' });
    if (asked === undefined) return;
    const { answer, requestedAtMs, answeredAtMs } = asked;
    // Fair only if it was all the time in which the value may have been read that is the oldest to be given.
    const isFair = this.#schedule.isFair(
      requestedAtMs - this.#limits.cacheMaxAgeMs - this.#limits.deadlineMs,
      answeredAtMs,
    );
    if (answer.Value === undefined) {
      this.#counts.refusals += 1;
      if (isFair) this.#problems.push(`${name} was refused in fair weather: ${answer.Err}`);
      return;
    }
    this.#counts.values += 1;
    const { cacheMaxAgeMs, staleIfErrorMs, deadlineMs, marginMs } = this.#limits;
    const allowedMs = (isFair ? cacheMaxAgeMs : staleIfErrorMs) + deadlineMs + marginMs;
    const value = Buffer.from(answer.Value, 'base64').toString();
    const problem = this.#store.history(name).problemOf(value, { requestedAtMs, answeredAtMs }, allowedMs);
    if (problem !== undefined) this.#problems.push(`${name} (${isFair ? 'fair' : this.#schedule.now}): ${problem}`);
  }

  async #askWrongly(): Promise<void> {
    const labels = this.#random.pick([...LABELS_WRONG, { vault_path: `nothing/${this.#random.between(1, 50)}` }]);
    const asked = await this.#ask(labels);
    if (asked === undefined) return;
    this.#counts.refusals += 1;
    if (asked.answer.Value !== undefined) this.#problems.push(`${JSON.stringify(labels)} was given a value`);
  }

  async #ask(SecretLabels: Readonly<Record<string, string>>) {
    const id = () => Array.from({ length: 25 }, () => this.#random.between(0, 35).toString(36)).join('');
    // The plugin keeps what an unknown task was given for some minutes, so not every call names one.
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
      call.setTimeout(GIVEN_UP_MS, () => call.destroy(new Error(`nothing in ${GIVEN_UP_MS / 1000} s`)));
      call.once('error', reject).end(body);
    });
  }
}
