// A box: namespaces of its own (process ids, mounts, network) around one command, in which engines, servers and plugins
// run unseen from outside, and with which all of them end, however it ends.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const guard = fileURLToPath(new URL('./guard.sh', import.meta.url));
const prefix = 'vsl-'; // short: paths of unix sockets below it are limited to 107 characters
const politeMs = 8_000;

/** Debian's PATH for ordinary users lacks the folders where dockerd, ip and iptables are. */
export function systemPath(path = process.env.PATH ?? '') {
  const parts = path.split(':');
  return [...parts, ...['/usr/sbin', '/usr/bin', '/sbin', '/bin'].filter((folder) => !parts.includes(folder))].join(
    ':',
  );
}

/** Why no box can be made here, or undefined if it can. */
export function boxProblem() {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs root (namespaces and mounts for an engine of its own)';
  const tried = spawnSync(
    'unshare',
    ['--pid', '--fork', '--kill-child', '--mount-proc', '--mount', '--net', '--propagation', 'private', 'true'],
    { encoding: 'utf8', env: { ...process.env, PATH: systemPath() } },
  );
  if (tried.error) return 'unshare (util-linux) is missing';
  if (tried.status !== 0) {
    return `this machine lets root make no namespaces (${tried.stderr.trim()}): use a virtual machine, or a container with --privileged`;
  }
  return undefined;
}

/**
 * Makes a run's folder. Folders that a killed run left behind are removed first: those whose maker is no longer there.
 */
export function makeBoxFolder() {
  const parent = tmpdir().length > 40 ? '/tmp' : tmpdir();
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(prefix))) {
    const folder = join(parent, name);
    try {
      const pid = readFileSync(join(folder, 'owner'), 'utf8');
      if (!existsSync(`/proc/${pid}`)) rmSync(folder, { recursive: true, force: true });
    } catch {
      // Being made or being removed by another run.
    }
  }
  const folder = mkdtempSync(join(parent, prefix));
  writeFileSync(join(folder, 'owner'), String(process.pid));
  return folder;
}

/**
 * Runs a command in a box of its own, with `VAULT_SWARM_BOX` naming the run's folder, and resolves to its exit code when
 * it has ended and the folder is gone. On SIGINT, SIGTERM and SIGHUP the command gets SIGTERM, and 8 s later (or at a
 * second signal) everything in the box is killed; it is also killed when this process dies or `deadlineMs` has passed.
 */
export function runInBox(command, args, { folder = makeBoxFolder(), cwd, env = process.env, deadlineMs } = {}) {
  const box = spawn('sh', [guard, folder, command, ...args], {
    cwd,
    env: { ...env, PATH: systemPath(env.PATH), VAULT_SWARM_BOX: folder },
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  writeFileSync(join(folder, 'owner'), String(box.pid));
  const lifeline = box.stdio[3];
  lifeline.on('error', () => {}); // The box has ended first.
  let timer;
  let signals = 0;
  const stop = () => {
    signals += 1;
    if (signals > 1) lifeline.end();
    else {
      lifeline.write('TERM\n');
      timer = setTimeout(() => lifeline.end(), politeMs);
    }
  };
  const deadline = deadlineMs && setTimeout(() => lifeline.end(), deadlineMs);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  return new Promise((resolve, reject) => {
    box.once('error', reject);
    box.once('close', (code) => {
      clearTimeout(timer);
      clearTimeout(deadline);
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, stop);
      resolve(code ?? 1);
    });
  });
}
