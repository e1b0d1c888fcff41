import { setTimeout as delay } from 'node:timers/promises';
import { sealed, type VaultFault } from '../../vault-proxy.ts';
import { ask, callsOfTasks } from '../ask.ts';
import type { Bench, BenchCase } from '../bench.ts';
import { count, type Figure, ms } from '../figure.ts';
import { percentile } from '../percentiles.ts';
import type { Running } from '../subject.ts';

const SECRETS_PER_TASK = 20;
const CACHE_MAX_AGE_MS = 1_000;
/** Who is slower than this is not waited for. */
const GIVE_UP_MS = 60_000;

/** What the figures should be at most, in milliseconds. */
interface Reach {
  readonly oneCall: number;
  readonly oneTask: number;
  readonly fromMemory: number;
}

/** Vault takes requests and does not answer. */
export const hang = outage('hang', 'Vault hangs', { kind: 'hang' }, { oneCall: 2_100, oneTask: 5_000, fromMemory: 5 });

/** Vault is sealed. */
export const unavailable = outage('503', 'Vault answers 503', sealed, {
  oneCall: 100,
  oneTask: 2_000,
  fromMemory: 5,
});

function outage(name: string, what: string, fault: VaultFault, reach: Reach): BenchCase {
  return {
    name,
    heading: ({ deadline }) =>
      `${what} after the plugin has logged in and found the mount; values in memory are older than CACHE_MAX_AGE (1s)` +
      (deadline === undefined ? '' : `; GETSECRET_DEADLINE is ${deadline}`),
    perLatency: true,
    forPeers: true,
    async run(bench) {
      const [known, other, ...secrets] = await bench.secrets({ prefix: 'outage', paths: SECRETS_PER_TASK + 2 });
      if (known === undefined || other === undefined) throw new RangeError('there is nothing to read');
      const begin = async () => {
        const running = await startWarm(bench);
        await ask(running.client, callsOfTasks('warm', [known], 1));
        return running;
      };
      const failing = { mayFail: true, limitMs: GIVE_UP_MS };

      let running = await begin();
      await bench.proxy.setFaults(fault);
      const one = await ask(running.client, callsOfTasks('web', [other], 1), failing);
      await over(bench, running);

      running = await begin();
      await bench.proxy.setFaults(fault);
      const task = await ask(running.client, callsOfTasks('web', secrets, 1), failing);
      await over(bench, running);

      running = await begin();
      await ask(running.client, callsOfTasks('warm', secrets, 1));
      await delay(CACHE_MAX_AGE_MS + 200);
      await bench.proxy.setFaults(fault);
      const held = await ask(running.client, callsOfTasks('web', secrets, 1), failing);
      await over(bench, running);

      const whole = `a task's ${SECRETS_PER_TASK} secrets`;
      return [
        ms('nothing in memory: one call', one.totalMs, reach.oneCall),
        upTo(ms(`nothing in memory: ${whole}`, task.totalMs, reach.oneTask), task.timesMs.length < secrets.length),
        count('nothing in memory: errors', one.errors + task.errors),
        ms('in memory: first call', held.timesMs[0] ?? Number.NaN, reach.fromMemory),
        ms('in memory: p50', percentile(held.timesMs, 0.5), reach.fromMemory),
        upTo(ms(`in memory: ${whole}`, held.totalMs), held.timesMs.length < secrets.length),
        count('in memory: values', held.values),
        count('in memory: errors', held.errors),
      ];
    },
  };
}

function startWarm(bench: Bench): Promise<Running> {
  const { deadline } = bench.scale;
  return bench.start({
    CACHE_MAX_AGE: `${CACHE_MAX_AGE_MS}ms`,
    ...(deadline === undefined ? {} : { GETSECRET_DEADLINE: deadline }),
  });
}

async function over({ proxy }: Bench, running: Running): Promise<void> {
  await proxy.setFaults();
  await running.stop();
}

function upTo(figure: Figure, gaveUp: boolean): Figure {
  return { ...figure, atLeast: gaveUp };
}
