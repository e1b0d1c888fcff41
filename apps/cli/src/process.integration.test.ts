import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  overview,
  planAnswer,
  problemEntries,
  rotateAnswer,
  secret,
  secretsAnswer,
  service,
  servicesAnswer,
} from './testing/documents.ts';
import { type ScriptedPlugin, startScriptedPlugin } from './testing/scripted-plugin.ts';

const command = [fileURLToPath(new URL('../../../bin/vault-swarm', import.meta.url))];

let plugin: ScriptedPlugin;
beforeAll(async () => {
  plugin = await startScriptedPlugin({
    'GET /api/v1/overview': overview({ problems: problemEntries('vault does not answer') }),
    'GET /api/v1/secrets': secretsAnswer(
      ...Array.from({ length: 5_000 }, (_, index) => secret({ name: `secret_${index}` })),
    ),
    'GET /api/v1/services': servicesAnswer(service(), service({ name: 'worker' })),
    'GET /api/v1/plan': planAnswer({ name: 'web', tasks: 3 }),
    'POST /api/v1/rotate': rotateAnswer('scheduled'),
  });
});
afterAll(() => plugin.close());

const quoted = (args: readonly string[]) => args.map((arg) => `'${arg}'`).join(' ');

/** A process, with all that it wrote and how it ended. */
function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const [file = '', ...rest] = args;
  const child = spawn(file, rest, {
    env: { PATH: process.env.PATH ?? '', VAULT_SWARM_URL: plugin.url, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ran = { stdout: '', stderr: '', child };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    ran.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    ran.stderr += text;
  });
  return Object.assign(ran, { ended: once(child, 'close').then(([code]) => code as number | null) });
}

/** On a terminal of 100 columns. */
const onTerminal = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  start(
    ['script', '--quiet', '--return', '--command', `stty cols 100; ${quoted([...command, ...args])}`, '/dev/null'],
    env,
  );

test.each([
  [['status'], {}, 1],
  [['services'], {}, 0],
  [['staus'], {}, 2],
  [[], {}, 2],
  [['--help'], {}, 0],
  [['--version'], {}, 0],
  [['status'], { VAULT_SWARM_URL: 'http://127.0.0.1:1' }, 3],
] as const)('%j with %j ends with %i', async (args, env, code) => {
  const ran = start([...command, ...args], env);
  expect(await ran.ended).toBe(code);
  expect(code === 0 || code === 1 ? ran.stderr : ran.stdout).toBe('');
  expect(ran.stdout + ran.stderr).not.toContain('\u001b');
});

test.each([
  [['status', '--json'], {}, 1],
  [['secrets', '--json'], {}, 0],
  [['status', '--json', '--what'], {}, 2],
  [['status', '--json'], { VAULT_SWARM_URL: 'http://127.0.0.1:1' }, 3],
] as const)('%j with %j gives one JSON value and ends with %i', async (args, env, code) => {
  const ran = start([...command, ...args], env);
  expect(await ran.ended).toBe(code);
  expect(JSON.parse(ran.stdout)).toHaveProperty('ok', code === 0);
  expect(ran.stderr).toBe('');
});

test('it ends without an error when its reader closes the pipe', async () => {
  const ran = start(['bash', '--norc', '-c', `${quoted([...command, 'secrets'])} | head -1; exit \${PIPESTATUS[0]}`]);
  expect(await ran.ended).toBe(0);
  expect(ran.stdout.trim().split('\n')).toHaveLength(1);
  expect(ran.stderr).toBe('');
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends --watch with the code of what it showed', async (signal) => {
  const ran = start([...command, 'status', '--watch']);
  await once(ran.child.stdout, 'data');
  ran.child.kill(signal);
  expect(await ran.ended).toBe(1);
  expect(ran.stderr).toBe('');
});

test('--watch ends when its reader does', async () => {
  const ran = start([
    'bash',
    '--norc',
    '-c',
    `${quoted([...command, 'status', '--watch', '--interval', '100ms'])} | head -1`,
  ]);
  expect(await ran.ended).toBe(0);
  expect(ran.stderr).toBe('');
});

test('on a terminal there are colours and its width, and NO_COLOR takes the colours', async () => {
  const coloured = onTerminal(['status']);
  expect(await coloured.ended).toBe(1);
  expect(coloured.stdout).toContain('\u001b[31mvault does not answer.');
  const plain = onTerminal(['status'], { NO_COLOR: '1' });
  expect(await plain.ended).toBe(1);
  expect(plain.stdout).not.toContain('\u001b');
});

test.each([
  ['y\n', 0, 'is rolled when its turn comes'],
  ['n\n', 1, 'nothing was changed'],
  ['\u0003', 1, 'nothing was changed'],
  ['\u0004', 1, 'nothing was changed'],
])('rotate asks on a terminal, and %j ends with %i', async (typed, code, said) => {
  const ran = onTerminal(['rotate', 'db_password']);
  while (!ran.stdout.includes('Rotate? [y/N]')) await once(ran.child.stdout, 'data');
  ran.child.stdin.write(typed);
  expect(await ran.ended).toBe(code);
  expect(ran.stdout).toContain(said);
});

test('completes commands, and names that the plugin knows', async () => {
  const first = start([...command, 'complete', '--', 'ro']);
  await first.ended;
  expect(first.stdout).toContain('rotate\t');
  const names = start([...command, 'complete', '--', 'plan', 'secret_499']);
  await names.ended;
  expect(names.stdout).toContain('secret_4999\t');
  const services = start([...command, 'complete', '--', 'rotate', '--service', 'w']);
  await services.ended;
  expect(services.stdout).toContain('web\t');
  expect(services.stdout).toContain('worker\t');
  const away = start([...command, 'complete', '--', 'plan', ''], { VAULT_SWARM_URL: 'http://127.0.0.1:1' });
  expect(await away.ended).toBe(0);
  expect(away.stderr).toBe('');
});

test.each(['bash', 'zsh', 'fish'])("prints %s's completion script", async (shell) => {
  const ran = start([...command, 'completion', shell]);
  expect(await ran.ended).toBe(0);
  expect(ran.stdout).toContain('vault-swarm');
});

test('bash takes its script, and completes with what it asks', async () => {
  const script = `
    source <(${quoted([...command, 'completion', 'bash'])})
    vault-swarm() { ${quoted(command)} "$@"; }
    COMP_WORDS=(vault-swarm sta); COMP_CWORD=1; COMP_LINE='vault-swarm sta'; COMP_POINT=15
    $(complete -p vault-swarm | sed 's/.*-F \\([^ ]*\\).*/\\1/') vault-swarm sta vault-swarm
    echo "\${COMPREPLY[@]}"`;
  const ran = start(['bash', '--norc', '-c', script]);
  expect(await ran.ended).toBe(0);
  expect(ran.stdout).toContain('status');
});
