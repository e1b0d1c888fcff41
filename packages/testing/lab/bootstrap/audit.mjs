// `npm run audit`: checks the parts of the plugin against outside sources: known vulnerabilities of its packages, by the
// registry's list, and whether Node is the release that its project publishes. pnpm checks the minimum age of versions at each
// installation (pnpm-workspace.yaml).
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, projectEnv, root } from './project.mjs';
import { SetupError, say, step } from './step.mjs';

const DEADLINE_MS = 120_000;
const NODE_DEADLINE_MS = 15 * 60_000;
const UNREACHABLE = 3;

/**
 * The result of a check: `fine`; `found`, a problem; or `unanswered`, the source was not reached. `text` describes it.
 * @typedef {{ outcome: 'fine' | 'found' | 'unanswered', text: string }} Finding
 */

/**
 * Runs all checks. Resolves to the exit code: 1 if a problem was found, and with `--required` also if a source was not reached.
 */
export async function audit(args) {
  const unknown = args.find((arg) => arg !== '--required');
  if (unknown !== undefined) throw new SetupError(`npm run audit -- ${unknown}: the only option is --required`);
  await install();
  const findings = [
    await step('known vulnerabilities', () => knownVulnerabilities()),
    await step('the published Node', () => publishedNode()),
  ];
  for (const { text } of findings) say(text);
  const wrong = args.includes('--required') ? ['found', 'unanswered'] : ['found'];
  return findings.some(({ outcome }) => wrong.includes(outcome)) ? 1 : 0;
}

/**
 * Checks whether shipped packages have known vulnerabilities.
 * @returns {Promise<Finding>}
 */
export async function knownVulnerabilities(env = process.env) {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const args = ['--yes', '--prefer-offline', packageManager, '--pm-on-fail=ignore', 'audit', '--prod', '--json'];
  // By default pnpm retries a registry that it can't reach for more than a minute.
  const once = { ...env, PNPM_CONFIG_FETCH_RETRIES: '0' };
  const { stdout, stderr } = await run('npx', args, { env: once, deadlineMs: DEADLINE_MS });
  const advisories = advisoriesIn(stdout);
  if (advisories === null) {
    const reason = `${stderr}`
      .replace(/\s*\n[\s│×├╰─▶]*/g, ' ')
      .trim()
      .slice(0, 300);
    return { outcome: 'unanswered', text: `known vulnerabilities: the registry was not reached: ${reason}` };
  }
  if (advisories.length === 0) return { outcome: 'fine', text: 'known vulnerabilities: none' };
  const lines = advisories.map(({ module_name: name, findings, severity, title, url }) => {
    const versions = findings.map(({ version }) => version).join(', ');
    return `  ${name} ${versions}: ${title} (${severity}); ${url}`;
  });
  return { outcome: 'found', text: ['known vulnerabilities:', ...lines.sort()].join('\n') };
}

/** @returns {Promise<Finding>} */
async function publishedNode() {
  const script = ['--conditions=@vault-swarm/source', join(root, 'docker/plugin/src/compare-node.ts')];
  const { code, stdout, stderr } = await run('node', script, { env: projectEnv(), deadlineMs: NODE_DEADLINE_MS });
  const text = `the published Node: ${stdout.trim() || stderr.trim()}`;
  if (code === 0) return { outcome: 'fine', text };
  return code === UNREACHABLE
    ? { outcome: 'unanswered', text: `the published Node: its source was not reached: ${stdout.trim()}` }
    : { outcome: 'found', text };
}

/** The advisories of `pnpm audit --json`; `null` if it printed no result. */
function advisoriesIn(stdout) {
  try {
    const { advisories } = JSON.parse(stdout);
    return typeof advisories === 'object' && advisories !== null ? Object.values(advisories) : null;
  } catch {
    return null;
  }
}

function run(command, args, { env, deadlineMs }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, timeout: deadlineMs, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('error', (error) => reject(new SetupError(`${command}: ${error.message}`)));
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
