import type { BenchCase } from '../bench.ts';
import { count, ms } from '../figure.ts';
import { median, percentile } from '../percentiles.ts';
import { ask, callsOfTasks, warmUp } from '../requests.ts';

/** The cost of a secret that was requested before, as in most requests of Swarm. */
export const sequential: BenchCase = {
  name: 'sequential',
  heading: ({ sequential: { secrets, tasks, runs } }) =>
    `${secrets} secrets × ${tasks} tasks, one by one, each secret requested once before; median of ${runs}`,
  perLatency: true,
  forPeers: true,
  async run(bench) {
    const { secrets: paths, tasks, runs } = bench.scale.sequential;
    const secrets = await bench.secrets({ prefix: 'sequential', paths });
    const p50: number[] = [];
    const p99: number[] = [];
    const requests: number[] = [];
    for (let run = 0; run < runs; run++) {
      const running = await bench.start();
      await warmUp(running.client, secrets);
      await bench.proxy.reset();
      const { timesMs } = await ask(running.client, callsOfTasks('web', secrets, tasks));
      p50.push(percentile(timesMs, 0.5));
      p99.push(percentile(timesMs, 0.99));
      requests.push((await bench.proxy.counts()).requests);
      await running.stop();
    }
    return [ms('p50', median(p50), 0.4), ms('p99', median(p99), 2), count('requests to Vault', median(requests))];
  },
};
