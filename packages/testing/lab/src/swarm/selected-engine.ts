import { describeCurrentEngine } from './current-engine.ts';
import { PluginSwarm, type PluginSwarmOptions } from './plugin-swarm.ts';

/**
 * Starts a Swarm with plugins on the selected engine: the one that SWARM_DOCKERD names, else the system's. Writes its version
 * to stderr.
 */
export async function startOnSelectedEngine(options: Omit<PluginSwarmOptions, 'dockerd'>): Promise<PluginSwarm> {
  const dockerd = process.env.SWARM_DOCKERD || undefined;
  const swarm = await PluginSwarm.start(dockerd === undefined ? options : { ...options, dockerd });
  const [node] = swarm.managers.nodes;
  if (node === undefined) throw new Error('a Swarm has at least one manager');
  const { engine } = node;
  process.stderr.write(`${dockerd === undefined ? `Docker ${engine.version}` : await describeCurrentEngine(engine)}\n`);
  return swarm;
}
