import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BARE_SERVER, startBareServer } from '../bare-server.ts';
import type { Bench, BenchCase } from '../bench.ts';
import { startEngineDouble } from '../engine-double.ts';
import { ms } from '../figure.ts';
import { median, percentile } from '../percentiles.ts';
import { processorMs } from '../process-use.ts';
import { warmUp } from '../requests.ts';

/** How long Swarm waits for a driver that is started again. */
export const start: BenchCase = {
  name: 'start',
  heading: ({ starts }) =>
    `exec to the first answered Plugin.Activate, and to the first value, median of ${starts}; the engine is a fake`,
  perLatency: true,
  forPeers: true,
  async run(bench) {
    const secrets = await bench.secrets({ prefix: 'start', paths: 1 });
    const engine = await startEngineDouble(join(bench.directory, 'engine-start.sock'), bench.labels);
    bench.closeAtEnd(engine.close);
    engine.use(secrets);
    const times: number[] = [];
    const valueTimes: number[] = [];
    const processorTimes: number[] = [];
    const bare: number[] = [];
    for (let count = 0; count < bench.scale.starts; count++) {
      // Alternates, so that other load of the machine affects both.
      const running = await bench.start({ DOCKER_HOST: engine.host });
      times.push(running.startMs);
      await warmUp(running.client, secrets);
      valueTimes.push(performance.now() - running.startedMs);
      processorTimes.push(processorMs(running.pids()));
      await running.stop();
      if (bench.target === 'plugin') bare.push(await startBare(bench, count));
    }
    return [
      ms('start', median(times), 80),
      ms('start, the slowest but a tenth', percentile(times, 0.9)),
      ms('to the first value', median(valueTimes), 170),
      ms('CPU time to the first value', median(processorTimes)),
      ...(bare.length > 0 ? [ms('a bare Node HTTP server', median(bare))] : []),
    ];
  },
};

async function startBare({ directory }: Bench, count: number): Promise<number> {
  const dir = join(directory, `bare-${count}`);
  await mkdir(dir, { recursive: true });
  const server = await startBareServer(dir, BARE_SERVER.answersAtOnce);
  await server.stop();
  return server.startMs;
}
