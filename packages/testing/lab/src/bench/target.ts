import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { waitFor } from '../process/wait-for.ts';
import type { Size } from './directory-size.ts';
import { DriverClient } from './driver-client.ts';
import type { LabelTemplate } from './label-template.ts';
import { spawnGroup } from './process-group.ts';
import type { SubjectName } from './table.ts';

/** A plugin that runs. */
export interface Running {
  readonly client: DriverClient;
  readonly socketPath: string;
  /** When it was executed, as `performance.now()` tells it. */
  readonly startedMs: number;
  /** From its exec to the first answered Plugin.Activate, in milliseconds. */
  readonly startMs: number;
  /** Everything written to stderr and stdout so far. */
  logs(): string;
  /** The processes that it consists of now. */
  pids(): readonly number[];
  stop(): Promise<void>;
}

/** What is measured: something that can be started, and its labels. */
export interface Target {
  readonly name: SubjectName;
  readonly labels: LabelTemplate;
  /**
   * Starts it in a directory of its own; resolves when it has answered Plugin.Activate.
   * @throws with its log's end where it does not in 30 s.
   */
  start(dir: string, env: Readonly<Record<string, string>>): Promise<Running>;
  /** What has to be on a manager for it. */
  size(): Promise<Size>;
}

/** A plugin's program, and how it is spoken to. */
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
