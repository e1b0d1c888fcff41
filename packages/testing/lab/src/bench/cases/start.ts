import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { warmUp } from '../ask.ts';
import type { Bench, BenchCase } from '../bench.ts';
import { DriverClient } from '../driver-client.ts';
import { startEngineDouble } from '../engine-double.ts';
import { ms } from '../figure.ts';
import { OWN_LABELS, parseLabelTemplate } from '../label-template.ts';
import { median } from '../percentiles.ts';
import { spawnGroup } from '../process-group.ts';
import { firstAnswer } from '../subject.ts';

/** The least that a driver on Node can be. */
const BARE_SERVER =
  "require('node:http').createServer((_, answer) => answer.end('secretprovider')).listen(process.argv[1])";

/** How long Swarm waits for a driver that is started anew. */
export const start: BenchCase = {
  name: 'start',
  heading: ({ starts }) =>
    `exec to the first answered Plugin.Activate, and to the first value, median of ${starts}; the engine is a double`,
  perLatency: false,
  forPeers: true,
  async run(bench) {
    const secrets = await bench.secrets({ prefix: 'start', paths: 1 });
    const engine = await startEngineDouble(join(bench.folder, 'engine-start.sock'), bench.labels);
    engine.use(secrets);
    const times: number[] = [];
    const valueTimes: number[] = [];
    const bare: number[] = [];
    for (let count = 0; count < bench.scale.starts; count++) {
      // By turns, so that whatever else the machine does meets both.
      const running = await bench.start({ DOCKER_HOST: engine.host });
      times.push(running.startMs);
      await warmUp(running.client, secrets);
      valueTimes.push(performance.now() - running.begunMs);
      await running.stop();
      if (bench.subject === 'plugin') bare.push(await startBare(bench, count));
    }
    engine.close();
    return [
      ms('start', median(times), 150),
      ms('to the first value', median(valueTimes)),
      ...(bare.length > 0 ? [ms('a bare Node HTTP server', median(bare))] : []),
    ];
  },
};

async function startBare({ folder }: Bench, count: number): Promise<number> {
  const dir = join(folder, `bare-${count}`);
  await mkdir(dir, { recursive: true });
  const socketPath = join(dir, 'bare.sock');
  const command = `exec '${process.execPath}' -e "$0" '${socketPath}'`;
  const server = await spawnGroup('/bin/sh', ['-c', command, BARE_SERVER], dir, {});
  const client = new DriverClient(socketPath, parseLabelTemplate(OWN_LABELS));
  try {
    return await firstAnswer(client, server.begunMs, server.logPath, server.hasEnded);
  } finally {
    client.close();
    await server.stop();
  }
}
