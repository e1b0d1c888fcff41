import type { ToleratedAnomaly } from './tolerated-anomalies.ts';

/** An update of a plugin. Times are milliseconds since the run started. */
interface Rolled {
  readonly timeMs: number;
  readonly generation: number;
  readonly manager: string;
}

/** What is known of one service's past, beside what its tasks hold. */
export interface ServicePast {
  /** Tasks of which it may not be known what they hold, by why: since the last restart that was not needed. */
  readonly doubtful: Map<string, ToleratedAnomaly>;
  /** How often it was rolled, without the restarts that were not needed and are explained. */
  rolls: number;
  /** When a user last posted something for it. */
  touchedAtMs: number;
  requestedAtMs: number;
  lastRoll: Rolled | null;
  /** By generation: the secrets of which a task was given a value that makes it fail. Swarm forgets such tasks soon. */
  readonly givenBad: Map<number, Set<string>>;
  /** What may be wrong with it, and since when. */
  readonly tolerated: Map<ToleratedAnomaly, number>;
  /** The secrets whose values its user rolled back, since the last change of overlooked values. */
  readonly undone: Set<string>;
}

/** That never happened, in milliseconds since the run started. */
export const NEVER = Number.NEGATIVE_INFINITY;

/** The pasts of all services, by their ids. */
export class ServicePasts {
  readonly #pasts = new Map<string, ServicePast>();

  of(serviceId: string): ServicePast {
    let past = this.#pasts.get(serviceId);
    if (past === undefined) {
      past = {
        doubtful: new Map(),
        ...{ touchedAtMs: NEVER, requestedAtMs: NEVER, rolls: 0 },
        lastRoll: null,
        givenBad: new Map(),
        tolerated: new Map(),
        undone: new Set(),
      };
      this.#pasts.set(serviceId, past);
    }
    return past;
  }
}
