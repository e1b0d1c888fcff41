import { configurationProblems } from '@vault-swarm/plugin/configuration-problems';
import { builtInProviders } from '@vault-swarm/plugin/providers';
import { type ConfigurationProblem, Environment } from '@vault-swarm/provider';
import { EXIT, type ExitCode, Failure } from '../failure.ts';
import type { PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';
import type { Paper } from '../terminal/printer.ts';
import { count } from '../terminal/words.ts';
import type { World } from '../world.ts';
import { type ClockReading, checkClocks } from './clock-check.ts';
import { checkCluster } from './cluster-check.ts';
import { checkDrivers, ourSecrets } from './driver-check.ts';
import { askEngine, type EngineFacts, type SwarmFacts } from './engine.ts';
import { checkEngine, checkSwarm } from './engine-check.ts';
import { type Check, type Finding, skipped } from './finding.ts';
import { checkLabels, hasWrongLabels, type LabelledProvider } from './label-check.ts';
import {
  checkPlugin,
  checkPolicies,
  checkProviders,
  checkSettings,
  checkTransport,
  type PluginFacts,
} from './plugin-check.ts';
import { askSocket } from './plugin-socket.ts';
import { checkServices } from './service-check.ts';
import { checkSocket } from './socket-check.ts';
import { readVaultClock } from './vault-clock.ts';

/**
 * Checks for common mistakes, and says how to fix them. Read-only. Checks that are not possible from here are reported
 * as skipped.
 *
 * @param open creates the client; a failure that it throws is a finding.
 * @param options.listsManagers whether the managers without a problem are named too.
 */
export async function doctor(
  open: () => PluginClient,
  world: World,
  { listsManagers }: { readonly listsManagers: boolean },
): Promise<Report> {
  const [engine, plugin, vault] = await Promise.all([askEngine(world), askPlugin(open), readVaultClock(world)]);
  const environment = new Environment(world.env, world.readFile);
  const pluginName =
    plugin.kind === 'answered' ? plugin.overview.plugin.name : environment.text('PLUGIN_NAME', 'vault-secrets-plugin');
  const configured = environment.optional('PLUGIN_SOCKET') ?? null;
  const socket = await checkSocket(engine, pluginName, configured, askSocket);
  const isServing = !socket.isSkipped && socket.findings.length === 0;
  const ofEngine = checkEngine(engine);
  const ofSwarm = checkTheSwarm(engine, pluginName, providersOf(plugin, environment));
  const checks = [
    ofEngine,
    checkSwarm(engine),
    checkSettings(plugin, isServing ? [] : await wrongSettings(plugin, world)),
    checkCluster(plugin, listsManagers),
    socket,
    ...ofSwarm,
    checkPlugin(plugin, {
      isServing,
      engine: ofEngine.findings,
      hasWrongLabels: (secret) => ofSwarm.some((check) => check.name === 'labels' && hasWrongLabels(check, secret)),
    }),
    checkProviders(plugin),
    checkPolicies(plugin),
    checkTransport(plugin),
    checkClocks([...clocksOf(engine, plugin), ...(vault === null ? [] : [vault])]),
  ];
  return {
    exitCode: exitCodeOf(checks, plugin),
    document: { checks: checks.map(checkDocument) },
    show: (paper) => show(paper, checks),
  };
}

async function askPlugin(open: () => PluginClient): Promise<PluginFacts> {
  try {
    const client = open();
    const startedMs = Date.now();
    const { document, atMs } = await client.overview();
    // It tells whole seconds that have started.
    const errorMs = (Date.now() - startedMs) / 2;
    const clock = atMs === null ? null : { aheadMs: atMs + 500 - startedMs - errorMs, errorMs };
    return { kind: 'answered', address: client.address, overview: document, clock };
  } catch (error) {
    if (error instanceof Failure) return { kind: 'failed', failure: error };
    throw error;
  }
}

/**
 * Why the plugin does not start, if this environment is its own. A setting that is missing here may be given elsewhere,
 * so only settings that are given count.
 */
async function wrongSettings(plugin: PluginFacts, { env, readFile }: World): Promise<readonly ConfigurationProblem[]> {
  if (plugin.kind === 'answered' || plugin.failure.code !== 'CONNECTION_REFUSED') return [];
  const problems = await configurationProblems(env, readFile);
  return problems.filter(({ variable }) => (env[variable] ?? '') !== '');
}

function checkTheSwarm(
  engine: EngineFacts,
  pluginName: string,
  providers: readonly LabelledProvider[] | null,
): readonly Check[] {
  const swarm = swarmOf(engine);
  if (swarm === null)
    return (['drivers', 'labels', 'services'] as const).map((name) => skipped(name, 'no manager was reached'));
  const ours = ourSecrets(swarm.secrets, pluginName);
  return [
    checkDrivers(swarm.secrets, pluginName),
    checkLabels(ours, swarm.services, providers),
    checkServices(swarm.services, ours),
  ];
}

function swarmOf(engine: EngineFacts): SwarmFacts | null {
  return engine.kind === 'answered' && engine.swarm !== null && 'secrets' in engine.swarm ? engine.swarm : null;
}

/** As the plugin says, else as it is configured here; `null` if a file of the plugin has it. */
function providersOf(plugin: PluginFacts, environment: Environment): readonly LabelledProvider[] | null {
  if (plugin.kind === 'answered') return plugin.overview.providers;
  if (environment.has('CONFIG_FILE')) return null;
  return environment
    .text('SECRETS_PROVIDER', builtInProviders[0]?.kind ?? '')
    .split(',')
    .map((given) => ({ name: given.trim(), kind: given.trim() }));
}

function clocksOf(engine: EngineFacts, plugin: PluginFacts): readonly ClockReading[] {
  const readings: ClockReading[] = [];
  if (plugin.kind === 'answered' && plugin.clock !== null) readings.push({ name: 'the plugin', ...plugin.clock });
  const systemTimeMs = engine.kind === 'answered' ? Date.parse(engine.info.SystemTime ?? '') : Number.NaN;
  if (engine.kind === 'answered' && !Number.isNaN(systemTimeMs)) {
    readings.push({ name: 'the engine', aheadMs: systemTimeMs - engine.requestedAtMs, errorMs: engine.errorMs });
  }
  return readings;
}

function exitCodeOf(checks: readonly Check[], plugin: PluginFacts): ExitCode {
  if (plugin.kind === 'failed' && plugin.failure.exitCode === EXIT.notReached) return EXIT.notReached;
  return findingsOf(checks, 'wrong').length === 0 ? EXIT.well : EXIT.wrong;
}

function findingsOf(checks: readonly Check[], kind: Finding['kind']) {
  return checks.flatMap(({ name, findings }) =>
    findings.filter((finding) => finding.kind === kind).map((finding) => ({ name, ...finding })),
  );
}

function stateOf({ isSkipped, findings }: Check): 'skipped' | 'wrong' | 'hint' | 'well' {
  if (isSkipped) return 'skipped';
  if (findings.length === 0) return 'well';
  return findings.some(({ kind }) => kind === 'wrong') ? 'wrong' : 'hint';
}

function checkDocument(check: Check) {
  const { name, summary, findings } = check;
  return { name, state: stateOf(check), summary, findings };
}

function show(paper: Paper, checks: readonly Check[]): void {
  const wrongs = findingsOf(checks, 'wrong');
  const hints = findingsOf(checks, 'hint');
  if (wrongs.length === 0)
    paper.say(`No problems${hints.length === 0 ? '' : `; ${count(hints.length, 'hint')}`}.`, 'good');
  else paper.say(`${count(wrongs.length, 'problem')}, ${count(hints.length, 'hint')}:`, 'bad');
  for (const { name, kind, message, fix } of [...wrongs, ...hints]) {
    paper.gap();
    const isWrong = kind === 'wrong';
    paper.item(`${isWrong ? 'WRONG' : 'hint '} `, `${name}: ${message}`, isWrong ? 'bad' : 'warn');
    paper.item('      ', fix);
  }
  paper.gap();
  for (const check of checks) {
    const state = stateOf(check);
    paper.item(`${check.name.padEnd(10)} ${state.padEnd(8)} `, check.summary, state === 'skipped' ? 'faint' : 'plain');
  }
}
