import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BARE_SERVER, startBareServer } from '../bare-server.ts';
import type { BenchCase } from '../bench.ts';
import { startEngineDouble } from '../engine-double.ts';
import { count, ms } from '../figure.ts';
import { mainThreadMs } from '../process-use.ts';
import { ask, callsOfTasks, warmUp } from '../requests.ts';

/** The CPU time of a response from the cache, compared with that of a server that sends a constant to the same client. */
export const warm: BenchCase = {
  name: 'warm',
  heading: ({ warm: { secrets, tasks } }) =>
    `CPU time of the main thread for ${secrets * tasks} calls for ${secrets} cached secrets, one by one, after ` +
    'as many that are not counted; the same calls to a bare Node HTTP server',
  perLatency: false,
  forPeers: false,
  async run(bench) {
    const { secrets: paths, tasks } = bench.scale.warm;
    const secrets = await bench.secrets({ prefix: 'warm', paths });
    const engine = await startEngineDouble(join(bench.directory, 'engine-warm.sock'), bench.labels);
    bench.closeAtEnd(engine.close);
    engine.use(secrets);
    const running = await bench.start({ DOCKER_HOST: engine.host });
    await warmUp(running.client, secrets);
    await ask(running.client, callsOfTasks('before', secrets, tasks));
    const own = await usedFor(running.pids(), () => ask(running.client, callsOfTasks('web', secrets, tasks)));
    await running.stop();

    const dir = join(bench.directory, 'bare');
    await mkdir(dir);
    const server = await startBareServer(dir, BARE_SERVER.answersConstant);
    const askServer = async () => {
      for (const call of callsOfTasks('web', secrets, tasks)) await server.client.getSecret(call);
    };
    await askServer();
    const bare = await usedFor(server.pids(), askServer);
    await server.stop();
    const calls = paths * tasks;
    return [
      ms('CPU time of an answer', own / calls),
      ms('of a bare Node HTTP server', bare / calls),
      count('as a multiple of it', own / bare, 2.5),
    ];
  },
};

async function usedFor(pids: readonly number[], work: () => Promise<unknown>): Promise<number> {
  const before = mainThreadMs(pids);
  await work();
  return mainThreadMs(pids) - before;
}
