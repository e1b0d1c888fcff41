import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fillIn, openDocument } from '../packages/testing/lab/src/documents/document-blocks.ts';
import { startVault, type Vault } from '../packages/testing/lab/src/servers/vault.ts';
import { OutsidePackages, packageName } from './outside-packages.ts';

const root = resolve(import.meta.dirname, '..');
const description = openDocument('docs/examples/connection-pools/README.md', import.meta.filename);
const tsc = join(root, 'node_modules/.bin/tsc');
const run = promisify(execFile);

/** What the rotator and two providers consist of, and the libraries of these providers. */
const packages = [
  'core/kernel',
  'core/provider',
  'core/delivery',
  'core/rotation',
  'adapters/rotator',
  'adapters/file',
  'adapters/rest-client',
  'adapters/vault',
];
const POOLS = 50;

interface Login {
  readonly password: string;
  readonly key: string;
}

let directory: string;
let outside: string;
let vault: Vault;
/** The logins that the database accepts, and those of the open connections. */
const accepted = new Set<string>();
const open = new Map<Socket, Login>();
let onOpened: () => void = () => undefined;
const database = createServer((socket) => {
  socket.once('data', (line) => {
    const login: Login = JSON.parse(String(line));
    if (!accepted.has(login.password)) return socket.end('refused\n');
    open.set(socket, login);
    onOpened();
    return socket.write('welcome\n');
  });
  socket.on('error', () => undefined);
  socket.on('close', () => open.delete(socket));
});

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rotator-package-'));
  const installed = new OutsidePackages(directory, 'connection-pools');
  outside = installed.path;
  await cp(join(root, 'docs/examples/connection-pools'), outside, { recursive: true });
  await installed.install(packages);
  database.listen(0, '127.0.0.1');
  vault = await startVault({ dir: join(directory, 'vault') });
  await mkdir(join(directory, 'keys'));
}, 180_000);

afterEach(async () => {
  for (const child of children.splice(0)) await end(child);
});

afterAll(async () => {
  database.close();
  await vault?.stop();
  await rm(directory, { recursive: true, force: true });
});

const children: ChildProcess[] = [];

function start() {
  const address = database.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const env = {
    ...process.env,
    DATABASE_PORT: String(port),
    VAULT_ADDR: vault.addr,
    VAULT_TOKEN: vault.rootToken,
    KEYS: join(directory, 'keys'),
  };
  const child = spawn('node', ['main.ts'], { cwd: outside, env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  return { child, output: () => output };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function write(password: string, { works = true } = {}): Promise<void> {
  if (works) accepted.add(password);
  await vault.request('POST', 'secret/data/shop/db', { data: { password } });
}

const writeKey = (key: string) => writeFile(join(directory, 'keys/api-key'), key);
const logins = (field: keyof Login) => [...open.values()].map((login) => login[field]).sort();
const all = (value: string) => new Array<string>(POOLS).fill(value);

test('the commands of the description pack the library with all packages that it needs, and no others', {
  timeout: 120_000,
}, async () => {
  const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const commands = fillIn(description.take('Get the packages', 'sh'), {
    '/tmp': directory,
    [`npx --yes ${packageManager}`]: `npx --yes --prefer-offline ${packageManager}`,
  });
  await run('sh', ['-ec', commands], { cwd: root });
  const packed = await readdir(join(directory, 'tarballs'));
  const names = packed.map((file) => file.replace(/^vault-swarm-|-\d.*$/g, ''));
  expect(names.sort()).toEqual(packages.map(packageName).sort());
});

test('the example is what its description shows, fits the types of the packages, and is short', {
  timeout: 120_000,
}, async () => {
  const main = await readFile(join(outside, 'main.ts'), 'utf8');
  expect(description.take('Write it', 'ts')).toBe(main);
  expect(main.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
  const { stdout } = await run(tsc, ['--project', outside]).catch((error: { readonly stdout: string }) => error);
  expect(stdout).toBe('');
  expect(description.left()).toEqual([]);
});

test('50 pools follow both secrets, also after a bad value and a kill in the middle of a rotation', {
  timeout: 120_000,
}, async () => {
  await write('password-1');
  await writeKey('key-1');
  const first = start();
  await expect.poll(first.output, { timeout: 60_000 }).toContain('50 pools are connected');
  expect(logins('password')).toEqual(all('password-1'));

  await writeKey('key-2');
  await expect.poll(() => logins('key'), { timeout: 60_000 }).toEqual(all('key-2'));
  await expect.poll(first.output).toContain('rotated: key');

  await write('password-bad', { works: false });
  await expect.poll(first.output, { timeout: 60_000 }).toContain('rolled back: password');
  expect(logins('password')).toEqual(all('password-1'));

  const { promise: killed, resolve } = Promise.withResolvers<void>();
  onOpened = () => {
    if (logins('password').filter((password) => password === 'password-2').length === 10) resolve(end(first.child));
  };
  await write('password-2');
  await killed;
  onOpened = () => undefined;
  await expect.poll(() => open.size).toBe(0);

  const second = start();
  await expect.poll(second.output, { timeout: 60_000 }).toContain('50 pools are connected');
  expect([logins('password'), logins('key')]).toEqual([all('password-2'), all('key-2')]);
  for (const { output } of [first, second]) expect(output()).not.toMatch(/password-|key-\d/);
});
