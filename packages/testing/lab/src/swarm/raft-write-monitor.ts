import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from './engine.ts';

/** A period in which writes to the Swarm failed or were delayed. */
export interface WriteGap {
  /** Milliseconds since the monitor started. */
  readonly fromMs: number;
  readonly lengthMs: number;
}

/** Writes to the Swarm continuously, and so measures for how long its store was blocked. */
export interface RaftWriteMonitor {
  /** The longest gap so far, including the current one. */
  longestGap(): WriteGap;
  /** The number of successful writes. */
  readonly writes: number;
  /** Stops the monitor. Resolves when its last write is done. The config object stays. */
  stop(): Promise<void>;
}

interface ProbeConfig {
  readonly Version: { readonly Index: number };
  readonly Spec: { readonly Labels?: Readonly<Record<string, string>> };
}

const INTERVAL_MS = 100;
const NAME = 'raft-write-monitor';

/**
 * Writes to a label of its own config object every 100 ms. A gap is the time from the end of one successful write to the end
 * of the next, minus that interval. Resolves when the first write is done.
 */
export async function startRaftWriteMonitor(engine: Engine): Promise<RaftWriteMonitor> {
  const found = await engine.docker('config', 'inspect', NAME);
  if (found.code !== 0) await engine.api('POST', '/configs/create', { Name: NAME, Labels: {}, Data: 'cHJvYmU=' });
  const startedAtMs = performance.now();
  const stopping = new AbortController();
  let longest: WriteGap = { fromMs: 0, lengthMs: 0 };
  let lastAtMs = startedAtMs;
  let writes = 0;

  const gapUntil = (nowMs: number): WriteGap => ({
    fromMs: Math.round(lastAtMs - startedAtMs),
    lengthMs: Math.max(0, Math.round(nowMs - lastAtMs) - INTERVAL_MS),
  });
  const longer = (gap: WriteGap) => (gap.lengthMs > longest.lengthMs ? gap : longest);
  const write = async () => {
    const { Version, Spec } = (await engine.api('GET', `/configs/${NAME}`)) as ProbeConfig;
    const labels = { ...Spec, Labels: { writes: String(writes + 1) } };
    await engine.api('POST', `/configs/${NAME}/update?version=${Version.Index}`, labels);
    const nowMs = performance.now();
    longest = longer(gapUntil(nowMs));
    lastAtMs = nowMs;
    writes += 1;
  };
  await write();
  longest = { fromMs: 0, lengthMs: 0 };
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await delay(INTERVAL_MS);
      // The engine may refuse while it is busy or has no leader: the gap then continues.
      await write().catch(() => undefined);
    }
  })();
  return {
    longestGap: () => longer(gapUntil(performance.now())),
    get writes() {
      return writes;
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
