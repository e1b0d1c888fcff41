import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../process/command.ts';
import { importProgramImage } from './image.ts';
import { allowHolders, configureVault, createCertificateRoles } from './lease-engines.ts';
import type { OneManager } from './one-manager.ts';
import { createDriverSecret, createService, runningTasks } from './swarm.ts';

/** A service that serves TLS. */
export interface TlsService {
  readonly name: string;
  readonly replicas: number;
  readonly order: 'start-first' | 'stop-first';
}

/** How to start {@link TlsServices}. */
export interface TlsServicesOptions {
  readonly swarm: OneManager;
  readonly driver: string;
  /** A directory for the certificate of the CA. */
  readonly dir: string;
  readonly services: readonly TlsService[];
  /** How long each certificate lives, in seconds. */
  readonly certificateS: number;
}

interface Endpoint {
  readonly task: string;
  readonly generation: number;
  readonly address: string;
}

const IMAGE = 'vault-swarm-openssl:1';
const HOST = 'web.example';
const PORT = 8443;
const PERIOD_MS = 1_000;
/** The exit code of curl if it does not trust the certificate. */
const NOT_TRUSTED = 60;

/**
 * Services of a Swarm that serve TLS with a leased certificate. Each second a client that verifies it sends a request to each running
 * task. A request fails if the certificate is not trusted, or if a task does not answer that runs before and after. A second fails if no
 * task answers.
 */
export class TlsServices {
  readonly #options: TlsServicesOptions;
  readonly #caFile: string;
  readonly #stopping = new AbortController();
  readonly #clients: Promise<void>[] = [];
  readonly #addresses = new Map<string, string>();
  readonly failed: string[] = [];
  /** How many requests were answered. */
  answered = 0;
  /** In how many seconds each service answered. */
  readonly seconds = new Map<string, number>();
  /** Each service and generation that answered. */
  readonly generations = new Set<string>();

  private constructor(options: TlsServicesOptions) {
    this.#options = options;
    this.#caFile = join(options.dir, 'ca.pem');
  }

  /** Sets up Vault and creates the services; the plugin must run. The requests start when each service has a task. */
  static async start(options: TlsServicesOptions): Promise<TlsServices> {
    const { swarm, driver, services, certificateS } = options;
    const { engine, vault } = swarm;
    const started = new TlsServices(options);
    await importProgramImage(engine, { name: IMAGE, program: 'openssl' });
    await writeFile(started.#caFile, await createCertificateRoles(vault));
    await allowHolders(vault, { paths: ['pki/issue/web'], periodS: 600 });
    const labels = {
      vault_path: 'issue/web',
      vault_mount: 'pki',
      vault_lease: 'service',
      vault_params: JSON.stringify({ common_name: HOST, ttl: `${certificateS}s` }),
      encoding: 'pem-bundle',
    };
    await createDriverSecret(engine, { name: 'tls', driver, labels });
    for (const { name, replicas, order } of services) {
      await createService(engine, {
        ...{ name, replicas, secrets: ['tls'], image: IMAGE, updateConfig: { order }, hasNetwork: true },
        // Swarm counts a task as running once it answers. OpenSSL ignores SIGTERM as the first process.
        flags: [
          '--health-cmd',
          `nc -w 2 127.0.0.1 ${PORT} </dev/null`,
          '--health-interval',
          '1s',
          '--stop-signal',
          'KILL',
        ],
        command: ['s_server', '-accept', `${PORT}`, '-cert', '/run/secrets/tls', '-key', '/run/secrets/tls', '-www'],
      });
    }
    for (const { name } of services) started.#clients.push(started.#requestAgainAndAgain(name));
    return started;
  }

  /** How many certificates Vault has issued. */
  async issued(): Promise<number> {
    const { keys } = (await configureVault(this.#options.swarm.vault, 'LIST', 'pki/certs')) as { keys: string[] };
    // One is the CA's.
    return keys.length - 1;
  }

  /** How many generations of a service answered. */
  generationsOf(service: string): number {
    return [...this.generations].filter((one) => one.startsWith(`${service}@`)).length;
  }

  /** Ends the requests. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#clients);
  }

  async #requestAgainAndAgain(service: string): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const startedAtMs = performance.now();
      const endpoints = await this.#endpoints(service);
      // The first task has to start.
      if (endpoints.length > 0 || this.seconds.has(service)) await this.#requestEach(service, endpoints);
      await delay(Math.max(0, PERIOD_MS - (performance.now() - startedAtMs)));
    }
  }

  async #requestEach(service: string, endpoints: readonly Endpoint[], retries = 1): Promise<void> {
    const results = await Promise.all(endpoints.map((endpoint) => this.#request(service, endpoint)));
    if (results.includes(true)) {
      this.seconds.set(service, (this.seconds.get(service) ?? 0) + 1);
      return;
    }
    // All tasks have ended since they were listed, so there are others.
    if (retries > 0) await this.#requestEach(service, await this.#endpoints(service), retries - 1);
    else this.failed.push(`${new Date().toISOString()} ${service}: no task answered`);
  }

  /** Resolves to whether it was answered. */
  async #request(service: string, { task, generation, address }: Endpoint): Promise<boolean> {
    const { networkPid } = this.#options.swarm.engine;
    const { code, stderr } = await run('nsenter', [
      ...[`--net=/proc/${networkPid}/ns/net`, 'curl', '--silent', '--show-error', '--fail', '--max-time', '20'],
      ...['--noproxy', '*', '--cacert', this.#caFile, '--resolve', `${HOST}:${PORT}:${address}`],
      ...['--output', '/dev/null', `https://${HOST}:${PORT}/`],
    ]);
    if (code === 0) {
      this.answered += 1;
      this.generations.add(`${service}@${generation}`);
      return true;
    }
    const stillRuns = (await this.#endpoints(service)).some((endpoint) => endpoint.task === task);
    if (code === NOT_TRUSTED || stillRuns) {
      this.failed.push(`${new Date().toISOString()} ${service}@${generation} ${task}: ${stderr.trim()}`);
    }
    return false;
  }

  async #endpoints(service: string): Promise<readonly Endpoint[]> {
    const { engine } = this.#options.swarm;
    const tasks = await runningTasks(engine, service);
    const read = tasks.map(async ({ id, generation, containerId }) => {
      const address = this.#addresses.get(containerId) ?? (await this.#addressOf(containerId));
      this.#addresses.set(containerId, address);
      return { task: id, generation, address };
    });
    // A container may be gone since the tasks were listed.
    return (await Promise.allSettled(read)).flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  async #addressOf(containerId: string): Promise<string> {
    const { NetworkSettings } = (await this.#options.swarm.engine.api('GET', `/containers/${containerId}/json`)) as {
      readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
    };
    return Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '';
  }
}
