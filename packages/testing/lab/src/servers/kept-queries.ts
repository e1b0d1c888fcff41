import type { KeptQuery, Postgres, PostgresLogin } from './postgres.ts';

/** A running task and its login. */
interface LoggedInTask {
  readonly id: string;
  readonly login: PostgresLogin;
}

/** A query that failed although its task ran before and after. */
export interface FailedQuery {
  readonly task: string;
  readonly user: string;
  readonly error: string;
}

interface Kept {
  readonly query: KeptQuery;
  readonly user: string;
  /** Whether its error was seen. */
  isSuspect: boolean;
  hasFailed: boolean;
}

/**
 * In the place of each running task, a connection with its login that is kept from the start of the task to its end, and repeats a
 * query. A credential that is revoked too early makes the next query fail, although its connection exists.
 */
export class KeptQueries {
  readonly #postgres: Postgres;
  readonly #sql: string;
  readonly #kept = new Map<string, Kept>();
  readonly failed: FailedQuery[] = [];
  #ended = 0;
  #longestMs = 0;

  constructor(postgres: Postgres, sql: string) {
    this.#postgres = postgres;
    this.#sql = sql;
  }

  /** How many queries were answered. */
  get answered(): number {
    return [...this.#kept.values()].reduce((sum, { query }) => sum + query.answers, this.#ended);
  }

  /** For how long one connection was kept, in milliseconds. */
  get longestMs(): number {
    return Math.max(this.#longestMs, ...[...this.#kept.values()].map(({ query }) => query.keptMs));
  }

  /**
   * Starts the queries of new tasks, and ends those of tasks that are not listed any more. A query has failed if its task is
   * listed again after its error was seen.
   *
   * @param listed all running tasks of a service.
   */
  follow(service: string, listed: readonly LoggedInTask[]): void {
    const keyOf = (id: string) => `${service} ${id}`;
    const keys = new Set(listed.map(({ id }) => keyOf(id)));
    for (const [key, kept] of this.#kept) {
      if (!key.startsWith(keyOf(''))) continue;
      if (!keys.has(key)) this.#end(key, kept.query);
      else if (kept.isSuspect && !kept.hasFailed) {
        this.failed.push({ task: key, user: kept.user, error: kept.query.error ?? '' });
        kept.hasFailed = true;
      }
      kept.isSuspect = kept.query.error !== null;
    }
    for (const { id, login } of listed) {
      if (this.#kept.has(keyOf(id))) continue;
      const query = this.#postgres.keepQuerying(this.#sql, login);
      this.#kept.set(keyOf(id), { query, user: login.user, isSuspect: false, hasFailed: false });
    }
  }

  /** Ends all queries. */
  stop(): void {
    for (const [key, { query }] of this.#kept) this.#end(key, query);
  }

  #end(key: string, query: KeptQuery): void {
    this.#longestMs = Math.max(this.#longestMs, query.keptMs);
    this.#ended += query.answers;
    this.#kept.delete(key);
    query.end();
  }
}
