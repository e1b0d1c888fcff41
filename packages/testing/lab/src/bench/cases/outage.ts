import { setTimeout as delay } from 'node:timers/promises';
import { sealed, type VaultFault } from '../../servers/vault-proxy.ts';
import type { Bench, BenchCase } from '../bench.ts';
import { count, type Figure, ms } from '../figure.ts';
import { percentile } from '../percentiles.ts';
import { ask, callsOfTasks, warmUp } from '../requests.ts';
import type { Running } from '../target.ts';

const SECRETS_PER_TASK = 20;
/** The benchmark does not wait longer than this. */
const GIVE_UP_MS = 60_000;

/** The targets for the figures, in milliseconds. */
interface Reach {
  readonly oneCall: number;
  readonly oneTask: number;
  readonly fromMemory: number;
}

/** Vault accepts requests and does not answer. */
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
    heading: ({ outage: { cacheMaxAgeMs, deadline } }) =>
      `${what} after the plugin has logged in and found the mount; values in memory are older than ` +
      `CACHE_MAX_AGE (${cacheMaxAgeMs} ms)` +
      (deadline === undefined ? '' : `; GETSECRET_DEADLINE is ${deadline}`),
    perLatency: true,
    forPeers: true,
    async run(bench) {
      const [known, other, ...secrets] = await bench.secrets({ prefix: 'outage', paths: SECRETS_PER_TASK + 2 });
      if (known === undefined || other === undefined) throw new RangeError('there is nothing to read');
      const start = async () => {
        const running = await startWarm(bench);
        await warmUp(running.client, [known]);
        return running;
      };
      const failing = { mayFail: true, limitMs: GIVE_UP_MS };

      let running = await start();
      await bench.proxy.setFaults(fault);
      const one = await ask(running.client, callsOfTasks('web', [other], 1), failing);
      await over(bench, running);

      running = await start();
      await bench.proxy.setFaults(fault);
      const task = await ask(running.client, callsOfTasks('web', secrets, 1), failing);
      await over(bench, running);

      running = await start();
      await warmUp(running.client, secrets);
      await delay(bench.scale.outage.cacheMaxAgeMs + 200);
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
  const { cacheMaxAgeMs, deadline } = bench.scale.outage;
  return bench.start({
    CACHE_MAX_AGE: `${cacheMaxAgeMs}ms`,
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
