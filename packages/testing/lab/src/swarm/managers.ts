import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { unixRequest } from '../clients/unix-http.ts';
import { run, runOrThrow } from '../process/command.ts';
import { waitFor } from '../process/wait-for.ts';
import { type EngineOptions, type OwnEngine, startEngine } from './engine.ts';
import { importImage } from './image.ts';

/** One manager of a Swarm of several: a machine with its own address and its own plugin sockets. */
export interface ManagerNode {
  /** Its host name, as Swarm shows it: `m1`, `m2` … */
  readonly name: string;
  /** The Swarm's id of it. */
  readonly nodeId: string;
  /** Its address among the managers. Not reachable from the sandbox: engines are asked through their sockets. */
  readonly address: string;
  /** Its engine; another object after {@link start}. `engine.kill()` is the loss of this machine. */
  readonly engine: OwnEngine;
  /** Where its engine looks for a driver of that name, seen from the sandbox: the plugin's PLUGIN_SOCKET. */
  pluginSocket(driver: string): string;
  /** Starts the engine again after it was killed, and resolves when it answers; it joins the others by itself. */
  start(): Promise<void>;
}

/** A Swarm of several managers. */
export interface Managers {
  readonly nodes: readonly ManagerNode[];
  /** The manager that most of them take for the leader, waited for for 60 s. */
  leader(): Promise<ManagerNode>;
  /** The manager whose Swarm id it is, as a task names it. Throws if there is none. */
  node(nodeId: string | undefined): ManagerNode;
  /** Takes a manager's cable out: its engine goes on, and hears and reaches no other. */
  cutOff(node: ManagerNode): Promise<void>;
  /** Puts the cable in again. */
  reconnect(node: ManagerNode): Promise<void>;
  /** Ends all engines, at once rather than politely, and their network. Directories go with the sandbox. */
  stop(): Promise<void>;
}

/** What a Swarm of several managers is started with. */
export interface ManagersOptions extends Pick<EngineOptions, 'dockerd' | 'extraFlags'> {
  /** Its directory, made if missing; each engine has one of its own in it. A short path: sockets are below it. */
  readonly dir: string;
  /** How many managers; 3 if not given. */
  readonly count?: number;
}

let networks = 0;

/** Starts several engines, each a machine of its own on one network, as the managers of one Swarm. Takes about 5 s. */
export async function startManagers({ dir, count = 3, ...options }: ManagersOptions): Promise<Managers> {
  await mkdir(dir, { recursive: true });
  networks += 1;
  // Names of devices have at most 15 characters; two Swarms of a sandbox have no device in common.
  const prefix = `s${process.pid}n${networks}`;
  const bridge = `${prefix}br`;
  await ip('link', 'add', bridge, 'type', 'bridge');
  await ip('link', 'set', bridge, 'up');

  const machines = Array.from({ length: count }, (_, index) =>
    machineOf(`m${index + 1}`, `192.168.97.${index + 1}`, { dir, bridge, port: `${prefix}p${index + 1}`, options }),
  );
  const stop = async () => {
    await Promise.all(machines.map((machine) => machine.end()));
    await run('ip', ['link', 'delete', bridge]);
  };
  try {
    await Promise.all(machines.map((machine) => machine.start()));
    await joinAll(machines);
    await Promise.all(machines.map(({ engine }) => importImage(engine())));
    const nodes = await Promise.all(machines.map(nodeOf));
    const port = (node: ManagerNode) => `${prefix}p${nodes.indexOf(node) + 1}`;
    return {
      nodes,
      leader: () =>
        waitFor(
          async (see) => {
            const votes = await Promise.all(nodes.map((node) => leaderSeenBy(node.engine)));
            see(votes);
            // Nodes may have become workers since, which see no leader.
            const managers = Math.max(0, ...votes.map((vote) => vote?.managers ?? 0));
            return nodes.find(({ nodeId }) => votes.filter((vote) => vote?.leader === nodeId).length > managers / 2);
          },
          { timeoutMs: 60_000, what: 'a leader of the Swarm' },
        ),
      node: (nodeId) => {
        const found = nodes.find((node) => node.nodeId === nodeId);
        if (found === undefined) throw new Error(`no manager has the id ${nodeId}`);
        return found;
      },
      cutOff: (node) => ip('link', 'set', port(node), 'down'),
      reconnect: (node) => ip('link', 'set', port(node), 'up'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One machine before and while it is a manager. */
interface StartedMachine {
  readonly name: string;
  readonly address: string;
  readonly plugins: string;
  readonly engine: () => OwnEngine;
  readonly start: () => Promise<void>;
  readonly end: () => Promise<void>;
}

interface Place {
  readonly dir: string;
  readonly bridge: string;
  readonly port: string;
  readonly options: Pick<EngineOptions, 'dockerd' | 'extraFlags'>;
}

function machineOf(name: string, address: string, { dir, bridge, port, options }: Place): StartedMachine {
  const plugins = join(dir, `${name}-plugins`);
  let engine: OwnEngine | undefined;
  const connect = async (pid: number) => {
    // The kernel clears a dead machine's namespace, and its end of the cable, a moment later.
    await run('ip', ['link', 'delete', port]);
    await ip('link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid));
    await ip('link', 'set', port, 'master', bridge, 'up');
  };
  return {
    name,
    address,
    plugins,
    engine: () => {
      if (engine === undefined) throw new Error(`${name} has not been started`);
      return engine;
    },
    start: async () => {
      const machine = { hostname: name, address: `${address}/24`, plugins, connect };
      engine = await startEngine({ ...options, dir: join(dir, name), machine });
    },
    end: async () => {
      await engine?.kill();
    },
  };
}

/** The first becomes the Swarm's first manager; the others join it one after the other, as Raft wants it. */
async function joinAll(machines: readonly StartedMachine[]): Promise<void> {
  const [first, ...others] = machines;
  if (first === undefined) return;
  await first.engine().dockerBytes('swarm', 'init', '--advertise-addr', first.address);
  const token = (await first.engine().dockerBytes('swarm', 'join-token', '--quiet', 'manager')).toString().trim();
  for (const { engine, address } of others) {
    await engine().dockerBytes('swarm', 'join', '--advertise-addr', address, '--token', token, `${first.address}:2377`);
  }
}

async function nodeOf({ name, address, plugins, engine, start }: StartedMachine): Promise<ManagerNode> {
  const info = (await engine().api('GET', '/info')) as { readonly Swarm: { readonly NodeID: string } };
  return {
    name,
    address,
    nodeId: info.Swarm.NodeID,
    get engine() {
      return engine();
    },
    pluginSocket: (driver) => join(plugins, `${driver}.sock`),
    start,
  };
}

interface ApiNode {
  readonly ID: string;
  readonly ManagerStatus?: { readonly Leader?: boolean };
}

/** What an engine sees of the Swarm's managers. */
interface SeenManagers {
  /** The leader's id, if it sees one. */
  readonly leader: string | undefined;
  readonly managers: number;
}

/** The leader as an engine sees it; nothing while it is no manager, is ended, or does not answer soon. */
async function leaderSeenBy({ socketPath }: OwnEngine): Promise<SeenManagers | undefined> {
  try {
    const { status, body } = await unixRequest(socketPath, 'GET', '/nodes', {
      headers: { Host: 'docker' },
      timeoutMs: 3_000,
    });
    if (status !== 200) return undefined;
    const managers = (JSON.parse(body) as ApiNode[]).filter(({ ManagerStatus }) => ManagerStatus !== undefined);
    const leader = managers.find(({ ManagerStatus }) => ManagerStatus?.Leader === true)?.ID;
    return { leader, managers: managers.length };
  } catch {
    return undefined;
  }
}

async function ip(...args: string[]): Promise<void> {
  await runOrThrow('ip', args);
}
