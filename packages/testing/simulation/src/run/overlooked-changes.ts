import type { TrueBinding } from './ground-truth.ts';
import type { RunContext } from './run-context.ts';
import type { ServicePasts } from './service-past.ts';
import { timeSlackMs } from './time-slack.ts';
import type { ToleratedAnomaly } from './tolerated-anomalies.ts';

/** Why the plugins may not have seen a change of a value, or may leave tasks without it. */
export class OverlookedChanges {
  readonly #run: RunContext;
  readonly #pasts: ServicePasts;
  /** By path: the texts that the ledger had of it since it was lost. */
  readonly #recorded = new Map<string, Set<string>>();

  constructor(run: RunContext, pasts: ServicePasts) {
    this.#run = run;
    this.#pasts = pasts;
  }

  ledgerLost(): void {
    this.#recorded.clear();
  }

  /** The ledger was written. */
  ledgerWritten(): void {
    const { ledger, swarm, truth } = this.#run;
    if (!this.#run.kinds.has('ledger lost') || ledger === null) return;
    for (const service of swarm.services) {
      for (const use of truth.bindingsOf(service)) {
        const id = service.spec.secretIds.find((one) => swarm.secret(one)?.name === use.name) ?? '';
        const text = truth.textAt(use, ledger.secrets[id] ?? ledger.secrets[`${service.id}/${id}`]);
        if (text === undefined) continue;
        const texts = this.#recorded.get(use.path) ?? new Set();
        this.#recorded.set(use.path, texts.add(text));
      }
    }
  }

  /**
   * Why a change of a path may have been overlooked for a service, until the next one; `null` if nothing explains that. What
   * changed after the cause, and after the plugins had the time to act on it, was seen; what was deleted by then was not.
   */
  why(serviceId: string, path: string): ToleratedAnomaly | null {
    const anomalies = ['ledger lost', 'rolled back manually'] as const;
    return anomalies.find((anomaly) => this.isExplainedBy(serviceId, path, anomaly)) ?? null;
  }

  /** Whether this explains it: there may be more than one explanation. */
  isExplainedBy(serviceId: string, path: string, anomaly: 'ledger lost' | 'rolled back manually'): boolean {
    const { truth, settings, provider } = this.#run;
    const graceMs = 2 * settings.intervalMs + 2_000 + timeSlackMs(this.#run);
    const { tolerated, undone } = this.#pasts.of(serviceId);
    const sinceMs = tolerated.get(anomaly);
    if (sinceMs === undefined) return false;
    if (anomaly === 'rolled back manually' && !this.#isOf(serviceId, path, undone)) return false;
    // It changed while no plugin ran, and is again what the first ledger since had: nobody can tell.
    const texts = [...(this.#recorded.get(path) ?? [])];
    const isAsBefore = anomaly === 'ledger lost' && texts.every((text) => text === provider.textOf(path));
    return truth.lostEarlierAtMs(path) <= sinceMs + graceMs || (texts.length > 0 && isAsBefore);
  }

  /** What was overlooked of these paths has changed, and is known to have. */
  changed(paths: ReadonlySet<string>): void {
    const { truth, swarm } = this.#run;
    for (const service of swarm.services) {
      // Another value that was overlooked is still there. A bad one fails once another change starts the tasks again.
      const isLeft = ({ path }: TrueBinding) => !paths.has(path) && this.why(service.id, path) !== null;
      if (truth.bindingsOf(service).some(isLeft)) continue;
      const { tolerated, undone } = this.#pasts.of(service.id);
      tolerated.delete('ledger lost');
      tolerated.delete('rolled back manually');
      undone.clear();
    }
  }

  /** Whether one of these secrets of the service has the path. */
  #isOf(serviceId: string, path: string, secrets: ReadonlySet<string>): boolean {
    const { swarm, truth } = this.#run;
    const service = swarm.services.find(({ id }) => id === serviceId);
    const uses = service === undefined ? [] : truth.bindingsOf(service);
    return uses.some((use) => use.path === path && secrets.has(use.name));
  }
}
