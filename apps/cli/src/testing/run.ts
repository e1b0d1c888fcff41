import { runCli } from '../cli.ts';
import type { ExitCode } from '../failure.ts';
import type { World } from '../world.ts';

/** The result of a command line. */
export interface Ran {
  readonly exitCode: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment of a command line. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly isTerminal?: boolean;
  /** The answers to prompts; without it the terminal is not interactive. */
  readonly answers?: readonly string[];
  readonly interrupted?: AbortSignal;
  /** Called with each text on stdout. */
  readonly onWrite?: (text: string) => void;
}

/** Runs a command line in this process. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { env = {}, files = {}, columns, isTerminal = false, answers, interrupted, onWrite } = options;
  let stdout = '';
  let stderr = '';
  const typed = [...(answers ?? [])];
  const size = { isTerminal, columns, rows: 24 };
  const world: World = {
    env,
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(`no such file ${path}`), { code: 'ENOENT' });
      return text;
    },
    stdout: {
      ...size,
      write: (text) => {
        stdout += text;
        onWrite?.(text);
      },
    },
    stderr: {
      ...size,
      write: (text) => {
        stderr += text;
      },
    },
    ask: answers === undefined ? null : async () => typed.shift() ?? '',
    interrupted: interrupted ?? new AbortController().signal,
  };
  const exitCode = await runCli(args, world);
  return { exitCode, stdout, stderr };
}
