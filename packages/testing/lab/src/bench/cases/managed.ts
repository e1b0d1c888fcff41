import { setTimeout as delay } from 'node:timers/promises';
import type { BenchCase } from '../bench.ts';
import { count, mib, ms } from '../figure.ts';
import { managedPlugin, plugin } from '../own-targets.ts';
import { median } from '../percentiles.ts';
import { residentMiB } from '../process-use.ts';

const BYTES_PER_MIB = 2 ** 20;

/** The size and start time of the managed plugin, or of the peer's program. */
export const managed: BenchCase = {
  name: 'managed',
  heading: ({ starts }) =>
    `dist/plugin, its program started with its own entrypoint, median of ${starts}; of a peer its program alone`,
  perLatency: false,
  forPeers: true,
  ours: managedPlugin,
  async run(bench) {
    const { files, bytes } = await bench.size();
    const times: number[] = [];
    for (let nth = 0; nth < bench.scale.starts; nth++) {
      const running = await bench.start();
      times.push(running.startMs);
      await running.stop();
    }
    const running = await bench.start();
    await delay(bench.scale.memory.settleMs);
    const idle = residentMiB(running.pids());
    await running.stop();
    return [
      mib('size of the files', bytes / BYTES_PER_MIB, 125),
      ...(bench.target === 'plugin' ? [mib('of them its own code', (await plugin.size()).bytes / BYTES_PER_MIB)] : []),
      count('files', files),
      ms('start', median(times), 150),
      mib('resident set, idle', idle, 95),
    ];
  },
};
