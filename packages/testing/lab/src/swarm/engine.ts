import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unixRequest } from '../clients/unix-http.ts';
import { type CommandResult, findCommand, run, systemPath } from '../process/command.ts';
import { ended, hasEnded } from '../process/process-exit.ts';
import { sandboxDirectory } from '../process/sandbox.ts';
import { waitFor } from '../process/wait-for.ts';

/** A Docker engine that tests and the demo talk to. */
export interface Engine {
  /** As in DOCKER_HOST. */
  readonly host: string;
  readonly socketPath: string;
  /** Directory of the engine's data, sockets and log. */
  readonly dir: string;
  /** The engine's own version, as 20.10.24. */
  readonly version: string;
  /** Runs the docker command against this engine. Resolves whatever the exit code is. */
  docker(...args: string[]): Promise<Omit<CommandResult, 'stdout'> & { readonly stdout: string }>;
  /** Runs the docker command against this engine. Rejects unless it exits with 0. Resolves to the bytes of its stdout. */
  dockerBytes(...args: string[]): Promise<Buffer>;
  /**
   * Deploys a stack from compose files, without waiting for its tasks. The engines must have the images.
   *
   * @param variables that the files name.
   */
  deployStack(name: string, files: readonly string[], variables?: Readonly<Record<string, string>>): Promise<void>;
  /** Removes a stack with its networks. The tasks may still be stopping. */
  removeStack(name: string): Promise<void>;
  /** Calls the engine's API with JSON. Rejects on a status of 400 or more. */
  api(method: string, path: string, body?: unknown): Promise<unknown>;
}

/** An engine that the lab started, and may stop. */
export interface OwnEngine extends Engine {
  readonly logPath: string;
  /** A process in the engine's network namespace, for `nsenter --net`. */
  readonly networkPid: number;
  /** Makes the engine the first manager of a Swarm. */
  initSwarm(): Promise<void>;
  /** Stops the engine cleanly and removes its directory, except the log. */
  stop(): Promise<void>;
  /** Kills engine and containers at once, as a power failure does. The directory stays: startEngine can start the engine again. */
  kill(): Promise<void>;
}

/** How to start an engine. */
export interface EngineOptions {
  /** Its directory, created if missing. An engine continues with the data that is there. */
  readonly dir: string;
  readonly extraFlags?: readonly string[];
  /** Connects the engine to others. Without it, the engine has only a loopback device. */
  readonly machine?: Machine;
}

/** The identity of an engine that is connected to others. */
export interface Machine {
  readonly hostname: string;
  /** Its address and the network's length, as 192.168.97.1/24. */
  readonly address: string;
  /** The directory that is its /run/docker/plugins, as a path of the sandbox. Created if missing. */
  readonly plugins: string;
  /** Creates a device eth0 in the network namespace of a process, before the engine starts. */
  connect(pid: number): Promise<void>;
}

const init = fileURLToPath(new URL('../../sandbox/init.sh', import.meta.url));

/**
 * Starts a Docker engine: the one that SWARM_DOCKERD names, else the system's. It has its own namespaces, so that several can
 * run at once. They share the sandbox's /run/docker/plugins, so parallel tests need different driver names. Resolves when the
 * engine answers.
 *
 * @throws outside of a sandbox, without a dockerd, or with the end of its log if it does not answer within 60 s.
 */
export async function startEngine({ dir, extraFlags = [], machine }: EngineOptions): Promise<OwnEngine> {
  const sandbox = sandboxDirectory();
  const dockerd = process.env.SWARM_DOCKERD || findCommand('dockerd');
  if (dockerd === undefined)
    throw new Error('no dockerd on this machine; on Debian and Ubuntu: apt-get install docker.io');
  await mkdir(dir, { recursive: true });
  const socketPath = join(dir, 'docker.sock');
  const logPath = join(dir, 'dockerd.log');
  // Process ids of an earlier run mean nothing in the new namespace.
  for (const stale of [socketPath, join(dir, 'pid'), join(dir, 'exec')])
    await rm(stale, { recursive: true, force: true });

  await writeFile(join(dir, 'daemon.json'), '{}'); // Not the machine's settings.
  const log = await open(logPath, 'a');
  const namespaces = spawn(
    'unshare',
    [
      ...['--pid', '--fork', '--kill-child', '--mount-proc', '--mount', '--net', '--uts'],
      ...['--propagation', 'private', 'sh', init, machine === undefined ? 'engine' : 'node', dir, dockerd],
      ...['--data-root', join(dir, 'root'), '--exec-root', join(dir, 'exec'), '--pidfile', join(dir, 'pid')],
      ...['--host', `unix://${socketPath}`, '--config-file', join(dir, 'daemon.json'), '--shutdown-timeout', '5'],
      // Never through the system's systemd; and below one cgroup, which the sandbox's end removes.
      ...['--exec-opt', 'native.cgroupdriver=cgroupfs', '--cgroup-parent', `/${basename(sandbox)}`],
      ...extraFlags,
    ],
    {
      env: {
        PATH: `${dirname(dockerd)}:${systemPath}`,
        HOME: dir,
        GOGC: '800', // An engine does not live long, and took a seventh of its CPU time to collect garbage.
        ...(machine && nodeEnvironment(machine)),
      },
      stdio: ['ignore', log.fd, log.fd, 'pipe'],
    },
  );
  await log.close();
  const lifeline = namespaces.stdio[3] as Socket;
  lifeline.on('error', () => {}); // The engine has ended already.
  // A forgotten engine does not keep this process alive: it ends when its lifeline closes.
  namespaces.unref();
  lifeline.unref();

  const end = async (isClean: boolean) => {
    if (isClean && !hasEnded(namespaces)) {
      lifeline.write('TERM\n');
      await ended(namespaces, 15_000);
    }
    lifeline.end();
    if (!(await ended(namespaces, 10_000))) throw new Error(`the engine in ${dir} could not be killed`);
  };
  const starting = async () => {
    if (machine !== undefined) {
      await connectMachine(machine, namespaces);
      lifeline.write('GO\n');
    }
    return connect(socketPath, dir, dockerd, namespaces);
  };
  const engine = await starting().catch(async (error: unknown) => {
    await end(false);
    const lines = (await readFile(logPath, 'utf8')).trimEnd().split('\n');
    throw new Error(`dockerd did not start: ${String(error)}\n${lines.slice(-15).join('\n')}`);
  });
  return {
    ...engine,
    logPath,
    networkPid: namespaces.pid ?? -1,
    initSwarm: async () => {
      await engine.dockerBytes('swarm', 'init', '--advertise-addr', '127.0.0.1');
    },
    stop: async () => {
      await end(true);
      for (const part of ['root', 'exec']) await rm(join(dir, part), { recursive: true, force: true, maxRetries: 5 });
    },
    kill: () => end(false),
  };
}

/** The environment of sandbox/init.sh for a machine. */
function nodeEnvironment({ hostname, address, plugins }: Machine): Record<string, string> {
  return { NODE_NAME: hostname, NODE_ADDRESS: address, NODE_PLUGINS: plugins };
}

/** Connects a machine once its process has its own network namespace. */
async function connectMachine(machine: Machine, namespaces: ChildProcess): Promise<void> {
  const { pid } = namespaces;
  if (pid === undefined) throw new Error('unshare could not be started');
  const ours = await readlink('/proc/self/ns/net');
  await waitFor(async () => hasEnded(namespaces) || (await readlink(`/proc/${pid}/ns/net`)) !== ours, {
    timeoutMs: 10_000,
    intervalMs: 5,
    what: `the network namespace of ${machine.hostname}`,
  });
  if (hasEnded(namespaces)) throw new Error(`unshare ended with exit code ${namespaces.exitCode}`);
  await machine.connect(pid);
}

/** Connects to a running engine by its DOCKER_HOST (`unix://…`). The lab never stops it. */
export async function attachEngine(host: string, dir: string): Promise<Engine> {
  if (!host.startsWith('unix://')) throw new Error(`DOCKER_HOST=${host}: only unix:// is supported`);
  return connect(host.slice('unix://'.length), dir);
}

async function connect(socketPath: string, dir: string, dockerd?: string, machine?: ChildProcess): Promise<Engine> {
  const docker = findDocker(dockerd);
  const host = `unix://${socketPath}`;
  // Without the user's contexts, credentials and plugins of the docker command.
  const env = { PATH: systemPath, HOME: dir, DOCKER_CONFIG: join(dir, 'client') };
  const call = (args: readonly string[], variables = {}) =>
    run(docker, ['--host', host, ...args], { env: { ...env, ...variables }, timeoutMs: 120_000 });
  const bytesOf = async (args: readonly string[], variables = {}) => {
    const { stdout, stderr, code } = await call(args, variables);
    if (code !== 0) throw new Error(`docker ${args.join(' ')}: exit ${code}: ${stderr.trim()}`);
    return stdout;
  };
  const api = async (method: string, path: string, body?: unknown) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await unixRequest(socketPath, method, path, {
      ...(text === undefined ? {} : { body: text }),
      headers: { Host: 'docker', ...(text === undefined ? {} : { 'Content-Type': 'application/json' }) },
    });
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.trim()}`);
    return answer.body === '' ? undefined : (JSON.parse(answer.body) as unknown);
  };
  const version = await waitFor(
    async () => {
      if (machine !== undefined && hasEnded(machine)) return { ended: machine.exitCode };
      return (await api('GET', '/version')) as { Version: string };
    },
    { timeoutMs: machine === undefined ? 5_000 : 60_000, intervalMs: 50, what: `an engine on ${host}` },
  );
  if ('ended' in version) throw new Error(`dockerd ended with exit code ${version.ended}`);
  return {
    host,
    socketPath,
    dir,
    version: version.Version,
    api,
    docker: async (...args) => {
      const { stdout, stderr, code } = await call(args);
      return { stdout: stdout.toString(), stderr, code };
    },
    dockerBytes: (...args) => bytesOf(args),
    deployStack: async (name, files, variables) => {
      const compose = files.flatMap((file) => ['--compose-file', file]);
      await bytesOf(['stack', 'deploy', '--resolve-image', 'never', ...compose, name], variables);
    },
    removeStack: async (name) => {
      // Swarm keeps a network until it has told all tasks of the removed services to stop.
      await waitFor(
        async () => {
          const { stderr, code } = await call(['stack', 'rm', name]);
          if (code === 0) return true;
          if (stderr.includes('is in use by task')) return false;
          throw new Error(`docker stack rm ${name}: exit ${code}: ${stderr.trim()}`);
        },
        { timeoutMs: 60_000, intervalMs: 200, what: `the networks of the stack ${name} to be unused` },
      );
    },
  };
}

/** The docker command in the installation of dockerd, else the one on PATH. */
function findDocker(dockerd: string | undefined): string {
  const installed =
    dockerd === undefined ? [] : [join(dirname(dockerd), 'docker'), join(dirname(dockerd), '../../bin/docker')];
  const docker = installed.find((file) => existsSync(file)) ?? findCommand('docker');
  if (docker === undefined)
    throw new Error('no docker command on this machine; on Debian and Ubuntu: apt-get install docker.io');
  return docker;
}
