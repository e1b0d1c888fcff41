import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { waitFor } from '../process/wait-for.ts';
import type { Size } from './directory-size.ts';
import { DriverClient } from './driver-client.ts';
import type { LabelTemplate } from './label-template.ts';
import { spawnGroup } from './process-group.ts';
import type { SubjectName } from './table.ts';

/** A running plugin. */
export interface Running {
  readonly client: DriverClient;
  readonly socketPath: string;
  /** The time of its exec, by `performance.now()`. */
  readonly startedMs: number;
  /** From its exec to the first answered Plugin.Activate, in milliseconds. */
  readonly startMs: number;
  /** The output on stderr and stdout so far. */
  logs(): string;
  /** Its current processes. */
  pids(): readonly number[];
  stop(): Promise<void>;
}

/** A measured program, and its labels. */
export interface Target {
  readonly name: SubjectName;
  readonly labels: LabelTemplate;
  /**
   * Starts it in its own directory. Resolves when it has answered Plugin.Activate.
   * @throws with the end of its log after 30 s.
   */
  start(dir: string, env: Readonly<Record<string, string>>): Promise<Running>;
  /** The size of the files that it needs on a manager. */
  size(): Promise<Size>;
}

/** A plugin's program, and how to connect to it. */
export interface Program {
  readonly command: string;
  readonly args?: readonly string[];
  /** All of its environment, but for PATH. */
  readonly env: NodeJS.ProcessEnv;
  readonly socketPath: string;
  readonly labels: LabelTemplate;
}

const START_DEADLINE_MS = 30_000;

/** Starts a program in a process group of its own; see {@link Subject.start}. */
export async function startProgram(dir: string, program: Program): Promise<Running> {
  const { command, args = [], env, socketPath, labels } = program;
  await mkdir(dir, { recursive: true });
  const { startedMs, logPath, hasEnded, pids, stop } = await spawnGroup(command, args, dir, env);
  const client = new DriverClient(socketPath, labels);
  const end = async () => {
    client.close();
    await stop();
  };
  try {
    const startMs = await firstAnswer(client, startedMs, logPath, hasEnded);
    return { client, socketPath, startedMs, startMs, logs: () => readFileSync(logPath, 'utf8'), pids, stop: end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Asks until there is an answer; resolves to the milliseconds since `begunMs`. */
export async function firstAnswer(
  client: DriverClient,
  startedMs: number,
  logPath: string,
  isOver: () => boolean,
): Promise<number> {
  const tail = () => readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
  const answers = async () => {
    if (isOver()) return 'over';
    await client.activate();
    return performance.now() - startedMs;
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
