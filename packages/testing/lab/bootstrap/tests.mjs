// `npm test`: builds and checks everything, and runs all tests. Tests that need servers run in sandboxes, several at once. The
// others run in parallel to that, as soon as the dependencies are installed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parallelSandboxes } from '../sandbox/sandbox-pool.mjs';
import { knownVulnerabilities } from './audit.mjs';
import { readDurations, recordDurations } from './durations.mjs';
import { build, check, install, projectEnv } from './project.mjs';
import { prepareServers } from './servers.mjs';
import { SetupError, say } from './step.mjs';
import { testsThatNeed } from './test-needs.mjs';
import { Progress, sayFailure } from './test-progress.mjs';
import { runVitest } from './test-run.mjs';

const isCi = (process.env.CI ?? '') !== '' && process.env.CI !== 'false';
/** For the whole run. A slow machine needs a third of it; a run that takes longer hangs. */
const deadlineMs = 80 * 60_000;
const deadlineAtMs = performance.now() + deadlineMs;
const leftMs = () => Math.max(1, Math.round(deadlineAtMs - performance.now()));

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
let interrupted = false;

/** Exits after 12 s: runs end by themselves before that, and builds or downloads must not delay the exit. */
function interrupt() {
  interrupted = true;
  setTimeout(() => process.exit(130), 12_000).unref();
}

/** Projects that need only the code. */
const plain = ['unit', 'simulation', 'fuzz'];
/** Projects that need build products, and mostly servers. Tests on several managers have their own command. */
const sandboxed = ['contract', 'repository', 'integration'];

/**
 * Runs all tests; with `--quick` only those that need neither servers nor root; other arguments are passed to vitest. Resolves to
 * the exit code.
 */
export async function test(args) {
  for (const signal of signals) process.on(signal, interrupt);
  const directory = mkdtempSync(join(tmpdir(), 'vault-swarm-test-'));
  try {
    const others = args.filter((arg) => arg !== '--quick');
    const some = others.length < args.length ? runQuick : runSome;
    return finish(await (args.length === 0 ? runAll(directory) : some(directory, others)));
  } catch (error) {
    // A run that could not start counts as one failure.
    process.stderr.write(`${error instanceof SetupError ? error.message : error.stack}\n`);
    return finish({ passed: 0, failed: 1, skipped: [], failures: [] });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function runAll(directory) {
  process.env.TEST_SEED ||= String(Math.floor(Math.random() * 1e6) + 1);
  say(`TEST_SEED=${process.env.TEST_SEED} npm test repeats this order of the files`);
  await install();
  const cores = availableParallelism();
  const progress = new Progress(readDurations(), [
    // As vitest.config.ts has them.
    [
      { projects: ['unit'], lanes: cores },
      { projects: ['simulation'], lanes: 1 },
      { projects: ['fuzz'], lanes: cores },
    ],
    [{ projects: sandboxed, lanes: parallelSandboxes() }],
  ]);
  const common = { onEvent: (event) => progress.take(event) };
  const runs = [
    runVitest(projects(plain), {
      ...common,
      name: plain.join(', '),
      isLowPriority: true, // The build, and the tests in sandboxes, take longer, and wait for clocks.
      env: projectEnv(),
      eventsFile: join(directory, 'plain'),
      deadlineMs: leftMs(),
    }),
    prepareAndRun(directory, common),
    failuresOf('the audit', sayVulnerabilities),
  ];
  const ended = await Promise.allSettled(runs);
  progress.end();
  for (const { reason } of ended) if (reason !== undefined) throw reason;
  const totals = sum(ended.map(({ value }) => value));
  recordDurations(progress.measured);
  return totals;
}

/** Prints known vulnerabilities of shipped packages. They fail no test: an advisory can be published at any time. */
async function sayVulnerabilities() {
  const { outcome, text } = await knownVulnerabilities();
  say(outcome === 'found' ? `${text}\nCONTRIBUTING.md says what to do about them.` : text);
}

/** Builds, checks, prepares the servers, and runs the tests in sandboxes. */
async function prepareAndRun(directory, common) {
  const name = sandboxed.join(', ');
  const servers = prepareServers();
  const built = await failuresOf('the build', build);
  // Both compile, so they run one after the other.
  const checked = built.failed === 0 ? await failuresOf('the check', check) : built;
  const { env, missing } = await servers;
  if (interrupted || built.failed > 0) return checked;
  const problems = Object.values(missing);
  if (isCi && problems.length > 0) {
    const failures = problems.map((text) => ({ where: name, name: 'a missing server or program', text }));
    return sum([checked, { ...nothing(), failed: failures.length, failures }]);
  }
  const excluded = problems.length === 0 ? [] : await testsThatNeed(missing, projects(sandboxed));
  const inSandbox = missing.engine === undefined;
  say(`${name}: ${inSandbox ? `${parallelSandboxes()} files at once, each in its own sandbox` : 'not in a sandbox'}`);
  const results = await runVitest([...projects(sandboxed), ...exclusionOf(excluded)], {
    ...common,
    name,
    inSandbox,
    env: { ...projectEnv(), ...env, VAULT_SWARM_TEST_OUTPUT: 'by file' },
    eventsFile: join(directory, 'sandboxed'),
    deadlineMs: leftMs(),
  });
  for (const problem of problems) say(problem);
  results.skipped.push(...excluded.map(({ file, name: test }) => `${file}: ${test}`));
  return sum([checked, results]);
}

/** Runs the unit tests, and the contract tests that need no server. */
async function runQuick(directory, args) {
  await install();
  const selection = projects(['unit', 'contract']);
  const servers = {
    engine: true,
    browser: true,
    vault: true,
    openbao: true,
    emulators: true,
    postgres: true,
    prometheus: true,
  };
  const withServers = await testsThatNeed(servers, selection);
  return runVitest([...selection, ...exclusionOf(withServers), ...args], {
    name: 'the quick tests',
    reporters: ['default'],
    env: projectEnv(),
    eventsFile: join(directory, 'quick'),
    deadlineMs: leftMs(),
    onEvent: () => {},
  });
}

/** Runs the tests that vitest selects by `args`. */
async function runSome(directory, args) {
  await install();
  const named = projectsIn(args);
  const isPlain = named.length > 0 && named.every((name) => plain.includes(name));
  if (!isPlain) await build();
  const { env, missing } = isPlain ? { env: {}, missing: {} } : await prepareServers();
  const problems = Object.values(missing);
  if (isCi && problems.length > 0) throw new SetupError(problems.join('\n'));
  const selection = named.length > 0 ? args : ['--project', '!swarm', ...args];
  const excluded = problems.length === 0 ? [] : await testsThatNeed(missing, selection);
  const results = await runVitest([...exclusionOf(excluded), ...selection], {
    name: 'the tests',
    reporters: ['default'],
    inSandbox: !isPlain && missing.engine === undefined,
    env: { ...projectEnv(), ...env },
    eventsFile: join(directory, 'some'),
    deadlineMs: leftMs(),
    onEvent: () => {},
  });
  for (const problem of problems) say(problem);
  results.skipped.push(...excluded.map(({ file, name }) => `${file}: ${name}`));
  return results;
}

function finish({ passed, failed, skipped, failures }) {
  if (interrupted) {
    say('interrupted');
    return 130;
  }
  for (const failure of failures) sayFailure(failure);
  for (const name of skipped) say(`skipped: ${name}`);
  if (isCi && skipped.length > 0) {
    say('CI may skip no test: counted as failed');
    failed += skipped.length;
    skipped = [];
  }
  const totals = `${passed} passed, ${failed} failed`;
  if (process.env.VAULT_SWARM_TOTALS) writeFileSync(process.env.VAULT_SWARM_TOTALS, totals);
  say(skipped.length === 0 ? totals : `${totals}, ${skipped.length} skipped`);
  return failed === 0 ? 0 : 1;
}

const nothing = () => ({ passed: 0, failed: 0, skipped: [], failures: [] });

function sum(results) {
  const total = nothing();
  for (const result of results) add(total, result);
  return total;
}

function add(total, { passed, failed, skipped, failures }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped.push(...skipped);
  total.failures.push(...failures);
}

/** Runs a step that is no test. Its error is reported as a failure of the tests. */
async function failuresOf(where, action) {
  try {
    await action();
    return nothing();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    return { ...nothing(), failed: 1, failures: [{ where, name: '', text: error.message }] };
  }
}

const projects = (names) => names.flatMap((name) => ['--project', name]);
const exclusionOf = (tests) => [...new Set(tests.map(({ file }) => file))].flatMap((file) => ['--exclude', file]);

function projectsIn(args) {
  return args.flatMap((arg, index) => {
    if (arg === '--project') return [args[index + 1]];
    return arg.startsWith('--project=') ? [arg.slice('--project='.length)] : [];
  });
}
