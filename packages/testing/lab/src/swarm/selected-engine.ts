import { describeCurrentEngine } from './current-engine.ts';
import { PluginSwarm, type PluginSwarmOptions } from './plugin-swarm.ts';

/** Starts a Swarm with plugins, and writes the version of its engine to stderr. */
export async function startOnSelectedEngine(options: PluginSwarmOptions): Promise<PluginSwarm> {
  const swarm = await PluginSwarm.start(options);
  const [node] = swarm.managers.nodes;
  if (node === undefined) throw new Error('a Swarm has at least one manager');
  const { engine } = node;
  process.stderr.write(
    `${process.env.SWARM_DOCKERD ? await describeCurrentEngine(engine) : `Docker ${engine.version}`}\n`,
  );
  return swarm;
}
