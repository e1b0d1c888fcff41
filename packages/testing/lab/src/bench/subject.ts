import { readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startPlugin } from '../plugin-process.ts';
import { waitFor } from '../wait-for.ts';
import { DriverClient } from './driver-client.ts';
import { type LabelTemplate, OWN_LABELS, parseLabelTemplate } from './label-template.ts';
import { spawnGroup } from './process-group.ts';
import type { SubjectName } from './table.ts';

/** A plugin that runs. */
export interface Running {
  readonly client: DriverClient;
  /** From its exec to the first answered Plugin.Activate, in milliseconds. */
  readonly startMs: number;
  /** The processes that it consists of now. */
  pids(): readonly number[];
  stop(): Promise<void>;
}

/** What is measured: something that can be started, and its labels. */
export interface Subject {
  readonly name: SubjectName;
  readonly labels: LabelTemplate;
  /**
   * Starts it in a folder of its own; resolves when it has answered Plugin.Activate.
   * @throws with its log's end where it does not in 30 s.
   */
  start(dir: string, env: Readonly<Record<string, string>>): Promise<Running>;
}

/** Another plugin, as its user names it. */
export interface PeerOptions {
  /** A shell command. */
  readonly command: string;
  readonly socketPath: string;
  readonly labels: LabelTemplate;
}

const START_DEADLINE_MS = 30_000;

const ownLabels = parseLabelTemplate(OWN_LABELS);

/** The plugin of this repository, as it is built. */
export const plugin: Subject = {
  name: 'plugin',
  labels: ownLabels,
  async start(dir, env) {
    const socketPath = join(dir, 'plugin.sock');
    const begunMs = performance.now();
    const started = await startPlugin({ dir, env: { ...env, PLUGIN_SOCKET: socketPath } });
    const client = new DriverClient(socketPath, ownLabels);
    const startMs = await firstAnswer(client, begunMs, started.logPath, () => !isRunning(started.pid));
    return {
      client,
      startMs,
      pids: () => [started.pid],
      stop: async () => {
        client.close();
        await started.kill('SIGKILL');
      },
    };
  },
};

/** Another plugin, in a process group of its own, with our environment and what the case gives to it. */
export function peer({ command, socketPath, labels }: PeerOptions): Subject {
  return {
    name: 'peer',
    labels,
    async start(dir, env) {
      await mkdir(dir, { recursive: true });
      // A plugin that was killed leaves its socket, and not each one takes over what it finds.
      await rm(socketPath, { force: true });
      const started = await spawnGroup('/bin/sh', ['-c', command], dir, { ...process.env, ...env });
      const client = new DriverClient(socketPath, labels);
      const startMs = await firstAnswer(client, started.begunMs, started.logPath, started.hasEnded);
      return {
        client,
        startMs,
        pids: started.pids,
        stop: async () => {
          client.close();
          await started.stop();
        },
      };
    },
  };
}

/** Asks until there is an answer; resolves to the milliseconds since `begunMs`. */
export async function firstAnswer(
  client: DriverClient,
  begunMs: number,
  logPath: string,
  isOver: () => boolean,
): Promise<number> {
  const tail = () => readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
  const answers = async () => {
    if (isOver()) return 'over';
    await client.activate();
    return performance.now() - begunMs;
  };
  const answered = await waitFor(answers, {
    timeoutMs: START_DEADLINE_MS,
    intervalMs: 1,
    what: 'Plugin.Activate to be answered',
  }).catch((error: Error) => {
    throw new Error(`${error.message}\n${tail()}`);
  });
  if (answered === 'over') throw new Error(`it ended before it answered:\n${tail()}`);
  return answered;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
