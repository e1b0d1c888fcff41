import { readRegularFile } from '@vault-swarm/file/regular-file';
import { displayText, errorMessage } from '@vault-swarm/kernel';
import { type ConfigurationProblem, Environment, type ProviderModule } from '@vault-swarm/provider';
import { checkLive } from './check-live.ts';
import { parseCommandLine } from './command-line.ts';
import { readConfigFile } from './config-file.ts';
import { type PluginConfiguration, parseConfiguration } from './configuration.ts';
import { helpText } from './help.ts';
import { moduleProblem } from './module-problem.ts';
import { Plugin } from './plugin.ts';
import { parseSocketSettings } from './socket-settings.ts';
import { keepOutOfCoreDumps } from './system/core-dump.ts';
import { keepHeapSmall } from './system/heap.ts';
import { processNamespace } from './system/process-namespace.ts';
import { ProcessWarnings } from './system/process-warnings.ts';
import { VERSION } from './version.ts';

/** The most problems that are printed. */
const MAX_PROBLEMS = 100;

const EXIT = { ok: 0, failure: 1, wrongUse: 2 } as const;

/** SIGTERM stops the plugin within 10 s. Work in flight is aborted shortly before. */
const STOP_DEADLINE_MS = 8_000;

/** The parts of a plugin. */
export interface PluginOptions {
  /** Its kinds of provider: `builtInProviders` and your own. The first is the default of `SECRETS_PROVIDER`. */
  readonly providers: readonly ProviderModule[];
}

/**
 * The plugin's `main`: reads the process's arguments and environment, runs until SIGTERM, and exits with the exit code
 * of `--help`. Never resolves.
 */
export async function runPlugin({ providers }: PluginOptions): Promise<never> {
  return process.exit(await main(process.argv.slice(2), providers));
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function main(args: readonly string[], modules: readonly ProviderModule[]): Promise<number> {
  const warnings = new ProcessWarnings();
  const command = parseCommandLine(args);
  if (command === null) {
    say(`vault-swarm-plugin: ${displayText(args.join(' '))} is not an option; see vault-swarm-plugin --help`);
    return EXIT.wrongUse;
  }
  if (command === 'version') {
    process.stdout.write(`vault-swarm-plugin ${VERSION}\n`);
    return EXIT.ok;
  }
  if (command === 'check-live') return isLive();
  const problem = moduleProblem(modules);
  if (problem !== null) {
    say(`vault-swarm-plugin: ${problem}`);
    return EXIT.failure;
  }
  if (command === 'help') {
    process.stdout.write(helpText(modules));
    return EXIT.ok;
  }
  if (command === 'describe') {
    const { describePlugin } = await import('./describe-plugin.ts');
    process.stdout.write(`${JSON.stringify(describePlugin(modules), undefined, 2)}\n`);
    return EXIT.ok;
  }
  const file = await readConfigFile(process.env, readRegularFile);
  const parsed = parseConfiguration(process.env, readRegularFile, file, modules);
  if (!parsed.ok) return wrongConfiguration(parsed.problems);
  if (command === 'check-config') {
    for (const { code, variable, message } of parsed.configuration.warnings) {
      say(`warning: ${variable}: ${message} (${code})`);
    }
    process.stdout.write('the configuration is valid\n');
    return EXIT.ok;
  }
  const { configuration } = parsed;
  const exposed = keepOutOfCoreDumps();
  return run(
    exposed === null ? configuration : { ...configuration, warnings: [...configuration.warnings, exposed] },
    warnings,
  );
}

/** Reads only the socket settings: a health check needs no credential. */
async function isLive(): Promise<number> {
  const environment = new Environment(process.env, readRegularFile);
  const settings = parseSocketSettings(environment);
  if (environment.problems.length > 0) return wrongConfiguration(environment.problems);
  const problem = await checkLive(settings, processNamespace());
  if (problem !== null) say(`vault-swarm-plugin: ${problem}`);
  return problem === null ? EXIT.ok : EXIT.failure;
}

function wrongConfiguration(problems: readonly ConfigurationProblem[]): number {
  say(`vault-swarm-plugin: ${problems.length} problem(s) in the configuration:`);
  for (const { variable, message } of problems.slice(0, MAX_PROBLEMS)) say(`  ${variable}: ${message}`);
  if (problems.length > MAX_PROBLEMS) say(`  and ${problems.length - MAX_PROBLEMS} more`);
  return EXIT.wrongUse;
}

async function run(configuration: PluginConfiguration, warnings: ProcessWarnings): Promise<number> {
  const stopRequested = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stopRequested.resolve);
  const plugin = new Plugin(configuration);
  warnings.connect((message) => plugin.warn(message));
  try {
    await plugin.start();
  } catch (error) {
    say(`vault-swarm-plugin: ${errorMessage(error)}`);
    await plugin.stop('failed start', AbortSignal.timeout(STOP_DEADLINE_MS));
    return EXIT.failure;
  }
  keepHeapSmall();
  const signal = await stopRequested.promise;
  await plugin.stop(signal, AbortSignal.timeout(STOP_DEADLINE_MS));
  return EXIT.ok;
}
