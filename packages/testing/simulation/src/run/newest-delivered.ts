import { parseLedger } from '@vault-swarm/rotation/ledger-format';
import type { DriverAnswer } from '../plugin/cluster.ts';
import { compareRevisions } from '../simulated-provider.ts';
import type { Kind } from './kinds.ts';
import type { RunContext } from './run-context.ts';

/** What makes that a value which was given once is not in memory any more, or not the newest, or that an older one is asked for. */
const EXPLAINS: readonly Kind[] = [
  ...(['leader change', 'two leaders', 'partition'] as const),
  ...(['provider outage', 'provider hangs', 'provider slow', 'failing calls', 'hanging calls', 'slow calls'] as const),
  ...(['delete and re-create', 'snapshot restored', 'change labels', 'swap secret'] as const),
];

/** The newest revision of each path that each process has given: it has it in memory, and gives no older one any more. */
export class NewestDelivered {
  readonly #run: RunContext;
  readonly #byManager = new Map<string, Map<string, string>>();
  /** The latest that a plugin wrote: where it is lost, they go on with it until they have written the next. */
  #ledgerText = '';

  constructor(run: RunContext) {
    this.#run = run;
  }

  /** A plugin wrote the ledger. */
  ledgerWritten(text: string): void {
    this.#ledgerText = text;
  }

  /** The process of a manager ended: it remembers nothing. */
  died(manager: string): void {
    this.#byManager.delete(manager);
  }

  /** The driver answered. Returns the newer revision that it might have given instead; `null` if there is none. */
  given({ manager, task, secret, given }: DriverAnswer): string | null {
    const { kinds, truth, swarm, remembersAll } = this.#run;
    const service = swarm.services.find(({ id }) => id === task.serviceId);
    if (given === null || service === undefined || !remembersAll || EXPLAINS.some((kind) => kinds.has(kind)))
      return null;
    const use = truth.bindingsOf(service).find(({ name }) => name === secret.name);
    if (use === undefined || use.isPinned) return null;
    const newest = this.#byManager.get(manager) ?? new Map<string, string>();
    this.#byManager.set(manager, newest);
    const before = newest.get(use.path);
    const isOlder = before !== undefined && compareRevisions(given.revision, before) < 0;
    if (!isOlder) newest.set(use.path, given.revision);
    // An open rollout, or quarantined values, name the revision that is given.
    const isNamed = parseLedger(this.#ledgerText)?.services[service.id] !== undefined;
    return isOlder && !isNamed ? before : null;
  }
}
