import { request } from 'node:http';
import { join } from 'node:path';
import { startSlowClients } from '../../clients/slow-clients.ts';
import { freePort } from '../../process/free-port.ts';
import { waitFor } from '../../process/wait-for.ts';
import type { BenchCase } from '../bench.ts';
import type { BenchSecret } from '../catalog.ts';
import { startEngineDouble } from '../engine-double.ts';
import { count, type Figure, kib, mib, ms } from '../figure.ts';
import { median, percentile } from '../percentiles.ts';
import { residentMiB } from '../process-use.ts';
import { ask, callsOfTasks, warmUp } from '../requests.ts';
import type { Running } from '../target.ts';

const ROUTES = [
  '/health',
  '/metrics',
  '/api/metrics',
  '/api/v1/overview',
  '/api/v1/secrets',
  '/api/v1/services',
  '/api/v1/services?limit=100&search=service-1',
  '/api/v1/events?level=debug',
  '/api/v1/history',
  '/api/v1/plan',
];
const SETTLE_MS = 60_000;

/** The cost of monitoring requests, and whether they delay responses to the engine. */
export const monitoring: BenchCase = {
  name: 'monitoring',
  heading: ({ monitoring: { secrets, services, tasks, streams, slowClients } }) =>
    `${secrets} secrets, ${services} services with ${tasks} tasks each; ${streams} open streams, ${slowClients} slow ` +
    'clients; the engine is a double of its API',
  perLatency: false,
  forPeers: false,
  async run(bench) {
    const { secrets: paths, services, tasks, streams, slowClients, calls } = bench.scale.monitoring;
    const secrets = await bench.secrets({ prefix: 'monitoring', paths });
    const engine = await startEngineDouble(join(bench.directory, 'engine-monitoring.sock'), bench.labels);
    bench.closeAtEnd(engine.close);
    engine.use(secrets, { services, tasks });
    const port = await freePort();
    const running = await bench.start({ DOCKER_HOST: engine.host, MONITORING_PORT: String(port) });
    const address = `http://127.0.0.1:${port}`;
    await waitFor(() => knows(address, paths), { timeoutMs: SETTLE_MS, intervalMs: 200, what: 'all secrets' });
    await warmUp(running.client, secrets.slice(0, 100));

    const figures: Figure[] = [];
    for (const route of ROUTES) figures.push(...(await costOf(address, route)));
    figures.push(await unchanged(address, '/api/v1/services'));

    const measure = () => getSecretP99(running, secrets, calls);
    const alone = await measure();
    const before = residentMiB(running.pids());
    const open = await Promise.all(Array.from({ length: streams }, () => openStream(`${address}/api/v1/stream`)));
    const watched = await measure();
    figures.push(mib(`resident set with ${streams} streams, more by`, residentMiB(running.pids()) - before));
    for (const { close } of open) close();
    const slow = startSlowClients(port, slowClients);
    await waitFor(() => slow.connected() > 0, { timeoutMs: SETTLE_MS, what: 'the slow clients' });
    const besieged = await measure();
    const health = await costOf(address, '/health');
    slow.stop();
    await running.stop();
    return [
      ...figures,
      ms('GetSecret p99: nobody looks', alone),
      ms(`GetSecret p99: ${streams} streams`, watched),
      count('times as long', watched / alone, 2),
      ms(`GetSecret p99: ${slowClients} slow clients`, besieged),
      count('times as long as alone', besieged / alone, 3),
      ...health.map((figure) => ({ ...figure, name: `${figure.name}, with the slow clients` })),
    ];
  },
};

async function getSecretP99({ client }: Running, secrets: readonly BenchSecret[], calls: number): Promise<number> {
  const known = secrets.slice(0, 100);
  const { timesMs } = await ask(client, callsOfTasks('web', known, Math.ceil(calls / known.length)));
  return percentile(timesMs, 0.99);
}

async function costOf(address: string, route: string): Promise<readonly Figure[]> {
  const timesMs: number[] = [];
  let size = 0;
  for (let nth = 0; nth < 10; nth++) {
    const startedMs = performance.now();
    const { status, body } = await get(`${address}${route}`);
    timesMs.push(performance.now() - startedMs);
    if (status !== 200) throw new Error(`${route} was answered with ${status}`);
    size = body.length;
  }
  return [
    ms(`${route}: p50`, median(timesMs)),
    ms(`${route}: longest of 10`, Math.max(...timesMs)),
    kib(`${route}: size`, size / 1024),
  ];
}

async function unchanged(address: string, route: string): Promise<Figure> {
  const { etag } = await get(`${address}${route}`);
  const timesMs: number[] = [];
  for (let nth = 0; nth < 10; nth++) {
    const startedMs = performance.now();
    const { status } = await get(`${address}${route}`, { 'If-None-Match': etag });
    timesMs.push(performance.now() - startedMs);
    if (status !== 304) throw new Error(`${route} was answered with ${status}, and not 304`);
  }
  return ms(`${route}, unchanged: p50`, median(timesMs));
}

async function knows(address: string, secrets: number): Promise<boolean> {
  const { status, body } = await get(`${address}/api/v1/secrets?limit=1000`);
  if (status !== 200) return false;
  const known = JSON.parse(body.toString()) as { readonly secrets: readonly { readonly revision: string | null }[] };
  return known.secrets.filter(({ revision }) => revision !== null).length === secrets;
}

interface Got {
  readonly status: number;
  readonly etag: string;
  readonly body: Buffer;
}

function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false }, async (response) => {
      const body = Buffer.concat(await response.toArray());
      resolve({ status: response.statusCode ?? 0, etag: response.headers.etag ?? '', body });
    })
      .on('error', reject)
      .end();
  });
}

function openStream(url: string): Promise<{ close(): void }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false }, (response) => {
      response.on('error', () => undefined).resume();
      if (response.statusCode === 200) resolve({ close: () => asked.destroy() });
      else reject(new Error(`a stream was answered with ${response.statusCode}`));
    });
    asked.on('error', reject).end();
  });
}
