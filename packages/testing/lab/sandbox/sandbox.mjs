// A sandbox: one command in its own namespaces (process ids, mounts, network). Its engines, servers and plugins are not visible
// from outside, and all of them end with the command, however it ends.
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const guard = fileURLToPath(new URL('./guard.sh', import.meta.url));
const init = fileURLToPath(new URL('./init.sh', import.meta.url));
const namespaces = ['--pid', '--fork', '--kill-child', '--mount-proc', '--mount', '--net', '--propagation', 'private'];
const prefix = 'vsl-'; // short: paths of unix sockets below it are limited to 107 characters
const terminationMs = 8_000;

/** Debian's PATH for ordinary users lacks the directories where dockerd, ip and iptables are. */
export function systemPath(path = process.env.PATH ?? '') {
  const parts = path.split(':');
  return [
    ...parts,
    ...['/usr/sbin', '/usr/bin', '/sbin', '/bin'].filter((directory) => !parts.includes(directory)),
  ].join(':');
}

/** The reason why this machine can't create a sandbox, or undefined if it can. */
export function sandboxProblem() {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs root (for namespaces and mounts)';
  const env = { ...process.env, PATH: systemPath() };
  const tried = spawnSync('unshare', [...namespaces, 'true'], { encoding: 'utf8', env });
  if (tried.error) return 'unshare (util-linux) is missing';
  if (tried.status !== 0) {
    return `root can't create namespaces on this machine (${tried.stderr.trim()}): use a virtual machine, or a container with --privileged`;
  }
  return undefined;
}

/** Records which process owns the directory of a run. */
function claim(directory, pid) {
  writeFileSync(join(directory, 'namespace'), pidNamespace());
  writeFileSync(join(directory, 'owner'), String(pid));
}

/** Whether the owner has ended. Process ids of other namespaces can't be checked: a sandbox can't see them. */
function isAbandoned(directory) {
  const [namespace, pid] = ['namespace', 'owner'].map((name) => readFileSync(join(directory, name), 'utf8'));
  return namespace === pidNamespace() && !existsSync(`/proc/${pid}`);
}

const pidNamespace = () => readlinkSync('/proc/self/ns/pid');

/**
 * Creates the directory of a run. Removes the directories of killed runs first: those whose owner has ended.
 */
export function makeSandboxDirectory() {
  const parent = tmpdir().length > 40 ? '/tmp' : tmpdir();
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(prefix))) {
    const directory = join(parent, name);
    try {
      if (isAbandoned(directory)) rmSync(directory, { recursive: true, force: true });
    } catch {
      // Another run is creating or removing it.
    }
  }
  const directory = mkdtempSync(join(parent, prefix));
  claim(directory, process.pid);
  return directory;
}

/**
 * Runs a command in its own sandbox; `VAULT_SWARM_SANDBOX` names the directory of the run. Resolves to the exit code when the
 * command has ended and the directory is removed. On SIGINT, SIGTERM and SIGHUP the command gets SIGTERM. 8 s later, or at a
 * second signal, everything in the sandbox is killed; also when this process dies or `deadlineMs` has passed.
 */
export function runInSandbox(
  command,
  args,
  { directory = makeSandboxDirectory(), cwd, env = process.env, deadlineMs } = {},
) {
  const sandbox = spawn('sh', [guard, directory, command, ...args], {
    cwd,
    env: { ...env, PATH: systemPath(env.PATH), VAULT_SWARM_SANDBOX: directory },
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  claim(directory, sandbox.pid);
  const lifeline = sandbox.stdio[3];
  lifeline.on('error', () => {}); // The sandbox has ended first.
  let timer;
  let signals = 0;
  const stop = () => {
    signals += 1;
    if (signals > 1) lifeline.end();
    else {
      lifeline.write('TERM\n');
      timer = setTimeout(() => lifeline.end(), terminationMs);
    }
  };
  const deadline = deadlineMs && setTimeout(() => lifeline.end(), deadlineMs);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  return new Promise((resolve, reject) => {
    sandbox.once('error', reject);
    sandbox.once('close', (code) => {
      clearTimeout(timer);
      clearTimeout(deadline);
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, stop);
      resolve(code ?? 1);
    });
  });
}

let innerSandboxes = 0;

/**
 * Starts a command in a nested sandbox. It shares neither network nor /run/docker/plugins with other commands of the outer
 * sandbox. It has an IPC channel, and its stdout and stderr are pipes.
 *
 * @returns the `child` process; `ended`, which resolves when everything in the inner sandbox has ended and its directory is
 *   removed; and `kill`, which ends it.
 */
export function startInnerSandbox(command, args, { env = process.env } = {}) {
  innerSandboxes += 1;
  // The name starts with that of the outer sandbox, so that guard.sh can remove both.
  const outer = process.env.VAULT_SWARM_SANDBOX;
  const directory = `${outer}-${process.pid}-${innerSandboxes}`;
  mkdirSync(directory);
  for (const name of ['namespace', 'owner']) copyFileSync(join(outer, name), join(directory, name));
  const child = spawn('unshare', [...namespaces, 'sh', init, 'sandbox', directory, command, ...args], {
    env: { ...env, VAULT_SWARM_SANDBOX: directory },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  const lifeline = child.stdio[3];
  lifeline.on('error', () => {}); // The sandbox has ended first.
  const closed = new Promise((resolve) => {
    child.once('exit', () => lifeline.destroy());
    child.once('close', resolve);
  });
  const ended = closed.then(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  return { child, ended, kill: () => lifeline.end() };
}
