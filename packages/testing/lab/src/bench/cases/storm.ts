import type { Bench, BenchCase } from '../bench.ts';
import type { BenchSecret } from '../catalog.ts';
import type { DriverClient, SecretCall } from '../driver-client.ts';
import { count, ms } from '../figure.ts';
import { median } from '../percentiles.ts';
import { ask } from '../requests.ts';
import type { StormScale } from '../scale.ts';

const CONCURRENCY = 8;
/** Requests in addition to the paths: the login, the mount, and background work. */
const FURTHER_REQUESTS = 10;
/** A storm that takes longer is measured only once: variations of the machine do not matter then. */
const LONG_MS = 60_000;

/** A storm: all tasks request all of their secrets again, as after a change of the leader or a reconnect of an agent. */
export const storm: BenchCase = {
  name: 'storm',
  heading: ({ storm: scale }) =>
    `${callCount(scale)} calls: ${scale.services * scale.tasksPerService} tasks × ${perTask(scale)} secrets, of which ` +
    `${scale.services * perTask(scale)} are distinct, on ${pathCount(scale)} paths; the plugin has just started; ` +
    `median of ${scale.runs}, or one of more than ${LONG_MS / 1000} s`,
  perLatency: true,
  forPeers: true,
  async run(bench) {
    const { storm: scale } = bench.scale;
    const secrets = await stormSecrets(bench);
    const calls = stormCalls(secrets, scale);
    const measure = async (concurrency: number) => {
      const times: number[] = [];
      const requests: number[] = [];
      for (let run = 0; run < scale.runs && (times.at(-1) ?? 0) < LONG_MS; run++) {
        const running = await bench.start();
        await bench.proxy.reset();
        times.push((await ask(running.client, calls, { concurrency })).totalMs);
        requests.push((await bench.proxy.counts()).requests);
        await running.stop();
      }
      return { timeMs: median(times), requests: median(requests) };
    };
    const oneByOne = await measure(1);
    const together = await measure(CONCURRENCY);
    const most = pathCount(scale) + FURTHER_REQUESTS;
    return [
      ms('one by one', oneByOne.timeMs, 3_000),
      count('one by one: requests to Vault', oneByOne.requests, most),
      ms(`${CONCURRENCY} at a time`, together.timeMs, 1_100),
      count(`${CONCURRENCY} at a time: requests to Vault`, together.requests, most),
    ];
  },
};

/** Writes the secrets of the storm, grouped by service. */
export function stormSecrets(bench: Bench): Promise<readonly BenchSecret[]> {
  const { storm: scale } = bench.scale;
  return bench.secrets({ prefix: 'storm', paths: pathCount(scale), fieldsPerPath: scale.fieldsPerPath });
}

/** One storm, eight calls at a time. */
export async function stormOnce(client: DriverClient, secrets: readonly BenchSecret[], scale: StormScale) {
  return ask(client, stormCalls(secrets, scale), { concurrency: CONCURRENCY });
}

/** All calls: one task of each service, then the next task of each. */
function stormCalls(secrets: readonly BenchSecret[], scale: StormScale): readonly SecretCall[] {
  const calls: SecretCall[] = [];
  for (let task = 0; task < scale.tasksPerService; task++) {
    for (let service = 0; service < scale.services; service++) {
      const start = service * perTask(scale);
      for (const secret of secrets.slice(start, start + perTask(scale))) {
        calls.push({ secret, service: `service-${service}`, task: `task-${service}-${task}` });
      }
    }
  }
  return calls;
}

const perTask = ({ pathsPerService, fieldsPerPath }: StormScale) => pathsPerService * fieldsPerPath;
const pathCount = ({ services, pathsPerService }: StormScale) => services * pathsPerService;
const callCount = (scale: StormScale) => scale.services * scale.tasksPerService * perTask(scale);
