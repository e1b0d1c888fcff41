import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '@vault-swarm/kernel';
import { Bench, type BenchCase, type BenchWorld } from './bench.ts';
import type { CaseResult, Outcome, SubjectName } from './table.ts';
import type { Target } from './target.ts';

/** What to measure, and with which targets. */
export interface RunOptions {
  readonly cases: readonly BenchCase[];
  readonly latenciesMs: readonly number[];
  /** Each case runs with one target after the other. */
  readonly targets: readonly Target[];
  /** Called before a measurement. */
  readonly onStart: (what: string) => void;
  /** Called when a case was measured with all targets. */
  readonly onResult: (result: CaseResult) => void;
}

/** Runs all cases, each at each latency. After a failed case, the others still run. */
export async function runCases(world: BenchWorld, options: RunOptions): Promise<void> {
  let count = 0;
  for (const each of options.cases) {
    for (const latencyMs of each.perLatency ? options.latenciesMs : [null]) {
      const outcomes: Partial<Record<SubjectName, Outcome>> = {};
      for (const target of options.targets) {
        if (target.name === 'peer' && !each.forPeers) continue;
        // Other builds of the previous version are not known, only its launcher.
        if (target.name === 'base' && each.ours !== undefined) continue;
        options.onStart(`${each.name}${latencyMs === null ? '' : ` +${latencyMs} ms`}, ${target.name}`);
        count++;
        const directory = join(world.directory, String(count));
        await mkdir(directory);
        await world.proxy.setLatency(latencyMs ?? 0);
        const measured = target.name === 'plugin' ? (each.ours ?? target) : target;
        outcomes[target.name] = await runOne(each, new Bench({ ...world, directory }, measured));
      }
      options.onResult({ name: each.name, heading: each.heading(world.scale), latencyMs, outcomes });
    }
  }
}

async function runOne(each: BenchCase, bench: Bench): Promise<Outcome> {
  try {
    return { kind: 'measured', figures: await each.run(bench) };
  } catch (error) {
    return { kind: 'failed', message: errorMessage(error) };
  } finally {
    await bench.stop();
    await bench.proxy.setFaults();
    await bench.proxy.reset();
  }
}
