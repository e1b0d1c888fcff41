// `npm test`: everything is built and checked, and all tests run, in one box.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInBox } from '../box/box.mjs';
import { build, check, install, projectEnv, root } from './project.mjs';
import { commandStep, SetupError, say } from './step.mjs';
import { prepareBrowser, prepareDownload, prepareEngine, prepareVaultBuild } from './system.mjs';

const isCi = (process.env.CI ?? '') !== '' && process.env.CI !== 'false';
const deadlineMs = 36 * 60_000;

/** Runs the tests, all or (with arguments for vitest) some; resolves to the exit code. */
export async function test(args) {
  try {
    return await run(args);
  } catch (error) {
    // What could not even begin counts as one failure.
    process.stderr.write(`${error instanceof SetupError ? error.message : error.stack}\n`);
    return finish({ passed: 0, failed: 1, skipped: [] });
  }
}

async function run(args) {
  await install();
  const unitOnly = projectsIn(args).length > 0 && projectsIn(args).every((name) => name === 'unit');
  if (!unitOnly) await build();
  if (args.length === 0) await check();

  const engineProblem = unitOnly ? undefined : await prepareEngine();
  const { vault, problem: vaultProblem } = unitOnly ? {} : await prepareVault();
  const { openbao, problem: openbaoProblem } = unitOnly ? {} : await prepareOpenBao();
  const { moto, problem: motoProblem } = unitOnly ? {} : await prepareMoto();
  const browserProblem = unitOnly ? undefined : await prepareBrowser();
  const { prometheus, problem: prometheusProblem } = unitOnly ? {} : await preparePrometheus();
  const missing = {
    engine: engineProblem,
    vault: vaultProblem,
    openbao: openbaoProblem,
    moto: motoProblem,
    prometheus: prometheusProblem,
    browser: browserProblem,
  };
  const problems = Object.values(missing).filter((problem) => problem !== undefined);
  if (isCi && problems.length > 0) throw new SetupError(problems.join('\n'));
  // The tests on several managers have a command of their own: see swarm.mjs.
  const selection = projectsIn(args).length > 0 ? args : ['--project', '!swarm', ...args];
  const left = problems.length === 0 ? [] : await testsThatNeed(missing, selection);

  const folder = mkdtempSync(join(tmpdir(), 'vault-swarm-test-'));
  try {
    const report = join(folder, 'report.json');
    const vitest = [
      join(root, 'node_modules/vitest/vitest.mjs'),
      ...['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
      ...[...new Set(left.map(({ file }) => file))].flatMap((file) => ['--exclude', file]),
      ...selection,
    ];
    const env = {
      ...projectEnv(),
      ...(vault === undefined ? {} : { VAULT_BIN: vault }),
      ...(openbao === undefined ? {} : { OPENBAO_BIN: openbao }),
      ...(moto === undefined ? {} : { MOTO_PATH: moto }),
      ...(prometheus === undefined ? {} : { PROMETHEUS_BIN: prometheus }),
    };
    const inBox = !unitOnly && engineProblem === undefined;
    const code = await (inBox ? runInBox : runHere)('node', vitest, { cwd: root, env, deadlineMs });
    const totals = existsSync(report) ? read(report) : { passed: 0, failed: 1, skipped: [] };
    for (const problem of problems) say(problem);
    totals.skipped.push(...left.map(({ file, name }) => `${file}: ${name}`));
    // An error outside of any test.
    if (code !== 0 && totals.failed === 0) totals.failed = 1;
    return finish(totals);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function finish({ passed, failed, skipped }) {
  for (const name of skipped) say(`skipped: ${name}`);
  if (isCi && skipped.length > 0) {
    say('nothing may be skipped in CI: counted as failed');
    failed += skipped.length;
    skipped = [];
  }
  const totals = `${passed} passed, ${failed} failed`;
  if (process.env.VAULT_SWARM_TOTALS) writeFileSync(process.env.VAULT_SWARM_TOTALS, totals);
  say(skipped.length === 0 ? totals : `${totals}, ${skipped.length} skipped`);
  return failed === 0 ? 0 : 1;
}

/** Counts from vitest's report. A file that could not be loaded is one failure. */
function read(report) {
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  const skipped = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => ['pending', 'skipped', 'todo', 'disabled'].includes(status))
      .map(({ fullName }) => `${name.replace(root, '')}: ${fullName}`),
  );
  return { passed: numPassedTests, failed: numFailedTests + broken.length, skipped };
}

/** Makes sure that there is a Vault server: resolves to its program, or to why there is none. */
export async function prepareVault() {
  const problem = process.env.VAULT_BIN ? undefined : await prepareVaultBuild();
  const { found, ...why } = problem === undefined ? await find('a Vault server', './vault-path.mjs') : { problem };
  return { vault: found, ...why };
}

/** Makes sure that there is an OpenBao server: resolves to its program, or to why there is none. */
async function prepareOpenBao() {
  const problem = process.env.OPENBAO_BIN ? undefined : await prepareDownload();
  const { found, ...why } = problem === undefined ? await find('an OpenBao server', './openbao-path.mjs') : { problem };
  return { openbao: found, ...why };
}

/** Makes sure that there is an emulator of AWS: resolves to its folder, or to why there is none. */
async function prepareMoto() {
  const problem = process.env.MOTO_PATH ? undefined : await prepareDownload();
  const { found, ...why } = problem === undefined ? await find('an emulator of AWS', './moto-path.mjs') : { problem };
  return { moto: found, ...why };
}

async function find(what, script) {
  const args = ['--conditions=@vault-swarm/source', fileURLToPath(new URL(script, import.meta.url))];
  try {
    return { found: await commandStep(`finding ${what}`, 'node', args, { env: projectEnv(), show: true }) };
  } catch (error) {
    return { problem: error.message };
  }
}

/** Makes sure that there is a Prometheus: resolves to its program, or to why there is none. */
async function preparePrometheus() {
  const script = fileURLToPath(new URL('./prometheus-path.mjs', import.meta.url));
  try {
    const args = ['--conditions=@vault-swarm/source', script];
    return { prometheus: await commandStep('finding Prometheus', 'node', args, { env: projectEnv(), show: true }) };
  } catch (error) {
    return { problem: error.message };
  }
}

/** The tests that can't run without what is missing, by what their files (and what these import) start. */
async function testsThatNeed(missing, args) {
  const list = ['list', ...args, '--filesOnly', '--json']; // --json takes what follows it as a file
  const out = await commandStep('listing what is skipped', 'vitest', list, { cwd: root, env: projectEnv() });
  return JSON.parse(out).flatMap(({ file, projectName }) => {
    const text = textWithImports(file);
    const needsEngine = /\b(start(Engine|Swarm|Managers)|PluginSwarm)\b/.test(text);
    const needsVault = /\b(startVault|PluginSwarm)\b/.test(text);
    const needsOpenBao = /\b(startOpenBao|findOpenBao)\b/.test(text);
    const needsPrometheus = /\b(startPrometheus|promtool)\b/.test(text);
    const needsBrowser = /\bstartBrowser\b/.test(text);
    const skip =
      (missing.browser !== undefined && needsBrowser) ||
      (missing.engine !== undefined && needsEngine) ||
      (missing.vault !== undefined && needsVault) ||
      (missing.openbao !== undefined && needsOpenBao) ||
      (missing.moto !== undefined && /\bstartMoto\b/.test(text)) ||
      (missing.prometheus !== undefined && needsPrometheus);
    if (!skip || projectName === 'unit') return [];
    const own = readFileSync(file, 'utf8');
    const names = [...own.matchAll(/^\s*(?:it|test)(?:\.each\b.*?\))?\(\s*(['"`])(.*?)\1/gm)].map((match) => match[2]);
    return (names.length === 0 ? ['all of it'] : names).map((name) => ({ file: file.replace(root, ''), name }));
  });
}

function textWithImports(file, seen = new Set()) {
  if (seen.has(file) || !existsSync(file)) return '';
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  const imports = [...text.matchAll(/from '(\.[^']*)'/g)].map(([, path]) => join(dirname(file), path));
  return [text, ...imports.map((path) => textWithImports(path, seen))].join('\n');
}

function projectsIn(args) {
  return args.flatMap((arg, index) => {
    if (arg === '--project') return [args[index + 1]];
    return arg.startsWith('--project=') ? [arg.slice('--project='.length)] : [];
  });
}

function runHere(command, args, { cwd, env, deadlineMs: timeout }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: 'inherit', timeout, killSignal: 'SIGKILL' });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
