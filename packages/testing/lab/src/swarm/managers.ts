import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { unixRequest } from '../clients/unix-http.ts';
import { run, runOrThrow } from '../process/command.ts';
import { waitFor } from '../process/wait-for.ts';
import { type EngineOptions, type OwnEngine, startEngine } from './engine.ts';
import { importImage } from './image.ts';

/** One of several managers of a Swarm: a machine with its own address and plugin sockets. */
export interface ManagerNode {
  /** Its host name, as Swarm shows it: `m1`, `m2` … */
  readonly name: string;
  /** Its node id. */
  readonly nodeId: string;
  /** Its address in the managers' network, which the sandbox can't reach. Use the engine's socket. */
  readonly address: string;
  /** Its engine; another object after {@link start}. `engine.kill()` simulates the loss of this machine. */
  readonly engine: OwnEngine;
  /** The socket path of a driver of this engine, as a path of the sandbox: the plugin's PLUGIN_SOCKET. */
  pluginSocket(driver: string): string;
  /** Starts the engine after it was killed. Resolves when it answers; it joins the others by itself. */
  start(): Promise<void>;
}

/** A Swarm of several managers. */
export interface Managers {
  readonly nodes: readonly ManagerNode[];
  /** The manager that the majority sees as the leader. Waits up to 60 s for one. */
  leader(): Promise<ManagerNode>;
  /** The manager with that node id. Throws if there is none. */
  node(nodeId: string | undefined): ManagerNode;
  /** Disconnects a manager from the others. Its engine keeps running. */
  cutOff(node: ManagerNode): Promise<void>;
  /** Connects a manager again. */
  reconnect(node: ManagerNode): Promise<void>;
  /** Kills all engines and deletes their network. Directories are removed with the sandbox. */
  stop(): Promise<void>;
}

/** How to start a Swarm of several managers. */
export interface ManagersOptions extends Pick<EngineOptions, 'extraFlags'> {
  /** Its directory, created if missing, with one directory per engine. Use a short path: it contains sockets. */
  readonly dir: string;
  /** How many managers; 3 if not given. */
  readonly count?: number;
}

let networks = 0;

/** Starts several engines on one network as the managers of one Swarm, in about 5 s. */
export async function startManagers({ dir, count = 3, ...options }: ManagersOptions): Promise<Managers> {
  await mkdir(dir, { recursive: true });
  networks += 1;
  // Device names have at most 15 characters, and must be unique in a sandbox.
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
            // Workers see no leader, and nodes may have become workers.
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

/** A machine that becomes a manager. */
interface StartedMachine {
  readonly name: string;
  readonly address: string;
  readonly plugins: string;
  readonly engine: () => OwnEngine;
  readonly start: () => Promise<void>;
  readonly end: () => Promise<void>;
}

interface MachineOptions {
  readonly dir: string;
  readonly bridge: string;
  readonly port: string;
  readonly options: Pick<EngineOptions, 'extraFlags'>;
}

function machineOf(name: string, address: string, { dir, bridge, port, options }: MachineOptions): StartedMachine {
  const plugins = join(dir, `${name}-plugins`);
  let engine: OwnEngine | undefined;
  const connect = async (pid: number) => {
    // The kernel deletes a dead machine's namespace, and its end of the link, a moment later.
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

/** Makes the first machine a manager, then joins the others one at a time, as Raft requires. */
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

/** The Swarm's managers as one engine sees them. */
interface SeenManagers {
  /** The leader's id, if it sees one. */
  readonly leader: string | undefined;
  readonly managers: number;
}

/** The managers as an engine sees them; undefined if it is no manager, has ended, or does not answer within 3 s. */
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
