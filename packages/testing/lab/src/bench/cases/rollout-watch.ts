import { waitFor } from '../../process/wait-for.ts';
import type { OwnEngine } from '../../swarm/engine.ts';
import { DRIVER } from '../bench.ts';
import { count, type Figure, ms } from '../figure.ts';
import type { Running } from '../target.ts';

const COMPLETED = { timeoutMs: 10 * 60_000, intervalMs: 1_000 };

interface LogLine {
  readonly time: string;
  readonly event: string;
}

/** The rollouts of our own plugin, from its log and its ledger. */
export class RolloutTracker {
  readonly #engine: OwnEngine;
  readonly #plugin: Running;
  readonly #bytesBefore: number;
  #bytesAtMost: number;

  private constructor(engine: OwnEngine, plugin: Running, bytes: number) {
    this.#engine = engine;
    this.#plugin = plugin;
    this.#bytesBefore = bytes;
    this.#bytesAtMost = bytes;
  }

  /** Starts to watch before a change. */
  static async start(engine: OwnEngine, plugin: Running): Promise<RolloutTracker> {
    return new RolloutTracker(engine, plugin, await ledgerBytes(engine));
  }

  /** Checks the size of the ledger. Called repeatedly during a rollout. */
  async check(): Promise<void> {
    this.#bytesAtMost = Math.max(this.#bytesAtMost, await ledgerBytes(this.#engine));
  }

  /** Waits until `rollouts` are completed. Resolves to their figures. */
  async completed(rollouts: number, writtenAt: number): Promise<readonly Figure[]> {
    const areCompleted = () => this.#logged('rollout.completed').length >= rollouts;
    await waitFor(areCompleted, { ...COMPLETED, what: 'all rollouts to be completed' });
    const ended = this.#logged('rollout.completed').at(-1)?.time ?? '';
    return [
      ms('to the last rollout completed', Date.parse(ended) - writtenAt),
      count('rollouts started', this.#logged('rollout.started').length, rollouts),
      count('rollouts failed', this.#logged('rollout.failed').length, 0),
      count('bytes of the ledger before', this.#bytesBefore),
      count('bytes of the ledger at most', this.#bytesAtMost),
      count('bytes of the ledger after', await ledgerBytes(this.#engine)),
    ];
  }

  #logged(event: string): readonly LogLine[] {
    return this.#plugin
      .logs()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogLine)
      .filter((line) => line.event === event);
  }
}

async function ledgerBytes(engine: OwnEngine): Promise<number> {
  const config = (await engine.api('GET', `/configs/${DRIVER}.ledger`)) as {
    readonly Spec: { readonly Labels: Readonly<Record<string, string>> };
  };
  return Buffer.byteLength(config.Spec.Labels['vault-swarm.ledger'] ?? '');
}
