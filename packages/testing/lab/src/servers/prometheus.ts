import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { freePort } from '../process/free-port.ts';
import { findPrometheus } from './prometheus-binary.ts';
import { startServer } from './server-process.ts';

/** One series of a query result. */
interface PrometheusSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** An alerting rule as Prometheus has loaded it. */
interface PrometheusRule {
  readonly name: string;
  /** `ok` if its query was evaluated, `unknown` before the first evaluation. */
  readonly health: string;
  readonly state: string;
  readonly lastError: string;
}

/** A Prometheus server with its own storage. */
export interface Prometheus {
  readonly url: string;
  readonly logPath: string;
  /** Evaluates an expression now. Rejects with Prometheus' message on an error. */
  query(expression: string): Promise<readonly PrometheusSeries[]>;
  /** All alerting rules. */
  rules(): Promise<readonly PrometheusRule[]>;
  /** Stops the server. Its data stays in the directory. */
  stop(): Promise<void>;
}

/** How to start Prometheus. */
export interface PrometheusOptions {
  readonly dir: string;
  /** The text of prometheus.yml; paths in it are relative to `dir`. */
  readonly config: string;
}

/**
 * Starts Prometheus on 127.0.0.1. Resolves when it is ready. The first call on a machine may download it, which is not possible
 * in a sandbox (see {@link findPrometheus}).
 *
 * @throws with the end of its log if it is not ready within 20 s.
 */
export async function startPrometheus({ dir, config }: PrometheusOptions): Promise<Prometheus> {
  const binary = await findPrometheus();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const logPath = join(dir, 'prometheus.log');
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'prometheus.yml'), config);
  const flags = [`--config.file=${join(dir, 'prometheus.yml')}`, `--storage.tsdb.path=${join(dir, 'data')}`];
  const server = await startServer({
    name: `Prometheus on ${url}`,
    command: binary,
    args: [...flags, `--web.listen-address=127.0.0.1:${port}`],
    env: { HOME: dir },
    logPath,
    timeoutMs: 20_000,
    answers: async () => (await fetch(`${url}/-/ready`)).ok,
  });
  return {
    url,
    logPath,
    query: async (expression) => {
      const { result } = await ask<{ result: readonly { metric: Record<string, string>; value: [number, string] }[] }>(
        `${url}/api/v1/query?query=${encodeURIComponent(expression)}`,
      );
      return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    rules: async () => {
      const { groups } = await ask<{ groups: readonly { rules: readonly PrometheusRule[] }[] }>(
        `${url}/api/v1/rules?type=alert`,
      );
      return groups.flatMap(({ rules }) => rules);
    },
    stop: () => server.end('SIGTERM'),
  };
}

/** Runs promtool in a directory to its end, with `input` on its stdin. */
export async function promtool(
  args: readonly string[],
  { cwd, input = '' }: { readonly cwd: string; readonly input?: string },
): Promise<{ readonly code: number | null; readonly output: string }> {
  const program = join(dirname(await findPrometheus()), 'promtool');
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, input, encoding: 'utf8' });
  return { code: status, output: stdout + stderr };
}

async function ask<T>(url: string): Promise<T> {
  const answer = (await (await fetch(url)).json()) as { status: string; data: T; error?: string };
  if (answer.status !== 'success') throw new Error(`${url}: ${answer.error}`);
  return answer.data;
}
