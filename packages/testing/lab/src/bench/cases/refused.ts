import { setTimeout as delay } from 'node:timers/promises';
import { type FaultRule, permissionDenied } from '../../servers/vault-proxy.ts';
import type { Bench, BenchCase } from '../bench.ts';
import { count, type Figure, ms } from '../figure.ts';
import { percentile } from '../percentiles.ts';
import { type Asked, ask, callsOfTasks, warmUp } from '../requests.ts';

const CONCURRENCY = 8;
const SECRETS = 20;

/** The requests to Vault after a policy or the token was revoked. */
export const refused: BenchCase = {
  name: '403',
  heading: ({ refused: { calls, windowMs } }) =>
    `AppRole; Vault answers 403 after the login and a read; ${calls} calls, ${CONCURRENCY} at a time, within ` +
    `${windowMs / 1000} s`,
  perLatency: true,
  forPeers: true,
  async run(bench) {
    const butLogins = { ...permissionDenied, match: { path: /^(?!auth\/approle\/login)/ } };
    return [
      ...(await measure(bench, 'all but logins refused', butLogins)),
      ...(await measure(bench, 'all refused', permissionDenied)),
    ];
  },
};

async function measure(bench: Bench, what: string, rule: FaultRule): Promise<readonly Figure[]> {
  const { calls, windowMs } = bench.scale.refused;
  const [known, ...secrets] = await bench.secrets({ prefix: 'refused', paths: SECRETS + 1 });
  if (known === undefined) throw new RangeError('there is nothing to read');
  const running = await bench.start({ VAULT_AUTH_METHOD: 'approle' });
  await warmUp(running.client, [known]);

  await bench.proxy.setFaults(rule);
  await bench.proxy.reset();
  const all = callsOfTasks('web', secrets, Math.ceil(calls / secrets.length)).slice(0, calls);
  const bursts = Math.ceil(calls / CONCURRENCY);
  const asked: Asked[] = [];
  const startedMs = performance.now();
  for (let burst = 0; burst < bursts; burst++) {
    const start = burst * CONCURRENCY;
    const options = { concurrency: CONCURRENCY, mayFail: true };
    asked.push(await ask(running.client, all.slice(start, start + CONCURRENCY), options));
    // Swarm restarts failed tasks, so calls arrive continuously.
    await delay(Math.max(0, startedMs + ((burst + 1) * windowMs) / bursts - performance.now()));
  }
  const { logins, requests } = await bench.proxy.counts();
  await bench.proxy.setFaults();
  await running.stop();
  const times = asked.flatMap(({ timesMs }) => timesMs);
  return [
    count(`${what}: logins`, logins, 2),
    count(`${what}: requests to Vault`, requests),
    count(
      `${what}: values`,
      asked.reduce((sum, { values }) => sum + values, 0),
    ),
    ms(`${what}: p50 of the errors`, percentile(times, 0.5)),
  ];
}
