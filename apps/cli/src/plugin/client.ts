import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  type CheckBody,
  type CheckResult,
  checkSchema,
  type Events,
  eventsSchema,
  type Leases,
  type Level,
  type LockdownState,
  leasesSchema,
  lockdownSchema,
  type Overview,
  overviewSchema,
  type Plan,
  planSchema,
  type Rotate,
  type RotateBody,
  rotateSchema,
  type Secrets,
  type Services,
  secretsSchema,
  servicesSchema,
} from '@vault-swarm/http/api';
import { boundedBytes } from '@vault-swarm/kernel';
import * as z from 'zod';
import { Failure } from '../failure.ts';
import type { PluginAddress } from './address.ts';
import { connectionFailure } from './connection-failure.ts';
import { type Answer, oldPlugin, responseError } from './response-error.ts';
import { Wire } from './wire.ts';

/** Which of a list are asked for. */
export interface ListQuery {
  readonly search?: string | undefined;
  readonly state?: 'all' | 'problem' | 'rolling' | undefined;
}

/** An answer of the plugin. */
export interface Received<T> {
  /** As far as this command line knows it. */
  readonly document: T;
  /** All of it, with what a newer plugin may have added. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** The plugin's own clock when it answered, in milliseconds since 1970; `null` where it did not say. */
  readonly atMs: number | null;
}

/** Answers of the plugin are shorter than 1 MB; those of an earlier version may have a whole list. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** A list has no more parts. */
const MAX_PARTS = 1_000;

/** A list that is given in parts. */
interface Parts {
  readonly next_cursor: string | null;
}

const recordSchema = z.record(z.string(), z.unknown());

/** Asks one plugin. Every method rejects with a {@link Failure}, or with the reason of its own abort. */
export class PluginClient {
  readonly address: PluginAddress;
  readonly #wire: Wire;
  readonly #timeoutMs: number;

  /** @param timeoutMs how long an answer may take. */
  constructor(address: PluginAddress, timeoutMs: number) {
    this.address = address;
    this.#wire = new Wire(address);
    this.#timeoutMs = timeoutMs;
  }

  overview(signal?: AbortSignal): Promise<Received<Overview>> {
    return this.#ask('GET', 'api/v1/overview', overviewSchema, signal);
  }

  secrets(query: ListQuery = {}): Promise<Received<Secrets>> {
    return this.#askAll('secrets', query, secretsSchema);
  }

  services(query: ListQuery = {}): Promise<Received<Services>> {
    return this.#askAll('services', query, servicesSchema);
  }

  leases(query: ListQuery = {}): Promise<Received<Leases>> {
    return this.#askAll('leases', query, leasesSchema);
  }

  events(query: {
    readonly level: Level;
    readonly limit: number;
    readonly rotations?: 'true';
  }): Promise<Received<Events>> {
    return this.#ask('GET', `api/v1/events${queryText(query)}`, eventsSchema);
  }

  /** What a request for a secret with these labels would come to. */
  check(request: CheckBody): Promise<Received<CheckResult>> {
    return this.#ask('POST', 'api/v1/check', checkSchema, undefined, JSON.stringify(request));
  }

  /** What a manual request would do; for `null`, what is due now. */
  plan(request: RotateBody | null): Promise<Received<Plan>> {
    return this.#ask('GET', `api/v1/plan${queryText(request ?? {})}`, planSchema);
  }

  /** Makes a manual request. It is sent once: where the answer is lost it may have been taken. */
  rotate(request: RotateBody): Promise<Received<Rotate>> {
    return this.#ask('POST', 'api/v1/rotate', rotateSchema, undefined, JSON.stringify(request));
  }

  /** Starts a lockdown, or ends it. */
  lockdown(active: boolean): Promise<Received<LockdownState>> {
    return this.#ask('POST', 'api/v1/lockdown', lockdownSchema, undefined, JSON.stringify({ active }));
  }

  /** The server-sent events, as text; the deadline is for their start. They end with the signal. */
  async stream(lastEventId: string | null, signal: AbortSignal): Promise<AsyncIterable<string>> {
    const path = 'api/v1/stream';
    const headers = {
      accept: 'text/event-stream',
      ...(lastEventId !== null && { 'last-event-id': lastEventId }),
    };
    const starting = new AbortController();
    const timer = setTimeout(() => starting.abort(new DOMException('no answer', 'TimeoutError')), this.#timeoutMs);
    try {
      const response = await this.#wire.send({
        method: 'GET',
        path,
        headers,
        signal: AbortSignal.any([starting.signal, signal]),
      });
      if (response.statusCode !== 200) throw responseError(await readAnswer(response), path, this.address);
      return response.setEncoding('utf8');
    } catch (error) {
      throw this.#failure(error, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The failure that an error of a connection or its stream comes to. */
  vaultErrorOf(error: unknown): Failure {
    return connectionFailure(error, this.address, this.#timeoutMs);
  }

  /** Closes the connections that are kept open. */
  close(): void {
    this.#wire.close();
  }

  /** A whole list: each answer has a part of a long one. */
  async #askAll<T extends Parts>(
    list: 'secrets' | 'services' | 'leases',
    query: ListQuery,
    schema: z.ZodType<T>,
  ): Promise<Received<T>> {
    const ask = (cursor?: string) => this.#ask('GET', `api/v1/${list}${queryText({ ...query, cursor })}`, schema);
    const first = await ask();
    let cursor = first.document.next_cursor;
    if (cursor === null) return first;
    const entries = [first.raw[list]].flat();
    for (let parts = 1; cursor !== null && parts < MAX_PARTS; parts++) {
      const { document, raw } = await ask(cursor);
      entries.push(...[raw[list]].flat());
      cursor = document.next_cursor;
    }
    const raw = { ...first.raw, [list]: entries, next_cursor: cursor };
    return { ...first, raw, document: schema.parse(raw) };
  }

  async #ask<T>(
    method: 'GET' | 'POST',
    path: string,
    schema: z.ZodType<T>,
    parent?: AbortSignal,
    body?: string,
  ): Promise<Received<T>> {
    const deadline = AbortSignal.timeout(this.#timeoutMs);
    const signal = parent === undefined ? deadline : AbortSignal.any([deadline, parent]);
    let answer: Answer;
    try {
      const response = await this.#wire.send({ method, path, signal, ...(body !== undefined && { body }) });
      answer = await readAnswer(response);
    } catch (error) {
      // An answer that is cut off in its middle fails with what the cut did to it, and not with its reason.
      throw this.#failure(deadline.aborted ? deadline.reason : error, parent);
    }
    const displayPath = path.replace(/\?.*/, '');
    if (answer.status < 200 || answer.status > 299) throw responseError(answer, displayPath, this.address);
    return this.#received(answer, displayPath, schema);
  }

  #received<T>(answer: Answer, path: string, schema: z.ZodType<T>): Received<T> {
    const atMs = Date.parse(String(answer.headers.date));
    let raw: Record<string, unknown>;
    try {
      raw = recordSchema.parse(JSON.parse(answer.body));
    } catch (error) {
      const advice = 'Another program listens there, or a proxy is in front of it.';
      const message = `${this.address.url.origin} responded to /${path} without JSON`;
      throw new Failure('NOT_THE_PLUGIN', message, advice, error);
    }
    const parsed = schema.safeParse(raw);
    if (parsed.success) return { document: parsed.data, raw, atMs: Number.isNaN(atMs) ? null : atMs };
    const [issue] = parsed.error.issues;
    throw oldPlugin(this.address, `/${path} has another "${issue?.path.join('.')}" (${issue?.message})`);
  }

  #failure(error: unknown, parent: AbortSignal | undefined): unknown {
    if (parent?.aborted === true) return parent.reason;
    return error instanceof Failure ? error : this.vaultErrorOf(error);
  }
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: await text(boundedBytes(response, MAX_ANSWER_BYTES)),
  };
}

function queryText(query: object): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters}`;
}
