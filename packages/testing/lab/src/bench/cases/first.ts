import type { BenchCase } from '../bench.ts';
import { MOUNT } from '../catalog.ts';
import { count, ms } from '../figure.ts';
import { HttpConnection } from '../http-connection.ts';
import { percentile } from '../percentiles.ts';
import { ask, callsOfTasks, warmUp } from '../requests.ts';

const LIMIT_MS = 10_000;

/** The cost of the first request for a secret, in addition to Vault's own time. */
export const first: BenchCase = {
  name: 'first',
  heading: ({ firstReads }) => `${firstReads} secrets that were not requested before, one by one, each on its own path`,
  perLatency: true,
  forPeers: true,
  async run(bench) {
    const [known, ...secrets] = await bench.secrets({ prefix: 'first', paths: bench.scale.firstReads + 1 });
    if (known === undefined) throw new RangeError('there is nothing to read');
    const { client } = await bench.start();
    // The first read must not include login and mount.
    await warmUp(client, [known]);
    await bench.proxy.reset();
    const { timesMs } = await ask(client, callsOfTasks('web', secrets, 1));
    const { requests } = await bench.proxy.counts();

    const address = new URL(bench.proxy.addr);
    const connection = new HttpConnection({ host: address.hostname, port: Number(address.port) });
    const vaultMs: number[] = [];
    for (const { path } of secrets) {
      const startedMs = performance.now();
      await connection.request(
        {
          method: 'GET',
          path: `/v1/${MOUNT}/data/${path}`,
          headers: { Host: address.host, 'X-Vault-Token': bench.vault.rootToken },
        },
        LIMIT_MS,
      );
      vaultMs.push(performance.now() - startedMs);
    }
    connection.close();
    const own = percentile(vaultMs, 0.5);
    return [
      ms('Vault itself, p50', own),
      ms('p50', percentile(timesMs, 0.5), own + 1.5),
      ms('p99', percentile(timesMs, 0.99)),
      ms('p50 less that of Vault itself', percentile(timesMs, 0.5) - own, 1.5),
      count('requests to Vault', requests, secrets.length),
    ];
  },
};
