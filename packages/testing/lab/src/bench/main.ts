// `npm run bench -- [NAME…]`: the benchmarks. Tables go to stdout, and progress to stderr. With `--json -`, stdout
// has only the figures.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDirectory } from '../process/sandbox.ts';
import { startVault } from '../servers/vault.ts';
import { startVaultProxy } from '../servers/vault-proxy.ts';
import { makeAppRole } from './app-role.ts';
import { Bench, type BenchWorld } from './bench.ts';
import { allCases, defaultCases } from './cases/all-cases.ts';
import { type BenchOptions, parseOptions } from './options.ts';
import { base, plugin } from './own-targets.ts';
import { peer } from './peer.ts';
import { makeReport } from './report.ts';
import { runCases } from './run-cases.ts';
import { type CaseResult, table } from './table.ts';
import type { Target } from './target.ts';
import { UsageError } from './usage-error.ts';

/** Exit codes: success, a failed case, and wrong arguments. */
const EXIT = { ok: 0, failure: 1, wrongUse: 2 } as const;

async function run(options: BenchOptions): Promise<number> {
  const cases = options.names.length === 0 ? defaultCases : allCases.filter(({ name }) => options.names.includes(name));
  const toStdout = options.json !== '-';
  const results: CaseResult[] = [];
  const directory = tempDirectory();
  const vault = await startVault({ dir: join(directory.path, 'vault') });
  const proxy = await startVaultProxy(vault.addr);
  try {
    const appRole = await makeAppRole(vault);
    const world: BenchWorld = { vault, proxy, appRole, directory: directory.path, scale: options.scale };
    const others = [
      ...(options.peer === undefined ? [] : [peer(options.peer)]),
      ...(options.base === undefined ? [] : [base(options.base)]),
    ];
    for (const each of others) {
      const problem = await problemOf(world, each);
      if (problem === undefined) continue;
      const given = options.peer === undefined ? `BASE_CMD=${options.base}` : `PEER_BIN=${options.peer.program}`;
      process.stderr.write(`${given}: it does not serve: ${problem}\n`);
      return EXIT.failure;
    }
    await runCases(world, {
      cases,
      latenciesMs: options.latenciesMs,
      targets: [plugin, ...others],
      onStart: (what) => process.stderr.write(`measuring ${what} …\n`),
      onResult: (result) => {
        results.push(result);
        if (toStdout) process.stdout.write(`\n${table(result)}\n`);
      },
    });
  } finally {
    await proxy.close();
    await vault.kill();
    await directory.remove();
  }
  const json = `${JSON.stringify(makeReport(results), undefined, 1)}\n`;
  if (options.json === '-') process.stdout.write(json);
  else if (options.json !== undefined) await writeFile(options.json, json);
  const failed = results.some(({ outcomes }) => Object.values(outcomes).some(({ kind }) => kind === 'failed'));
  return failed ? EXIT.failure : EXIT.ok;
}

/** The reason why a plugin can't be measured, or undefined if it starts. */
async function problemOf(world: BenchWorld, target: Target): Promise<string | undefined> {
  const bench = new Bench({ ...world, directory: join(world.directory, 'try') }, target);
  try {
    await bench.start();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await bench.stop();
  }
}

// Child processes are killed when this process exits, but not if a signal ends it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(EXIT.failure));
try {
  const known = allCases.map(({ name }) => name);
  process.exitCode = await run(parseOptions(process.argv.slice(2), process.env, known));
} catch (error) {
  const isUsage = error instanceof UsageError;
  process.stderr.write(`${isUsage ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = isUsage ? EXIT.wrongUse : EXIT.failure;
}
