import type { ReadFile } from '@vault-swarm/provider';

/** Where text goes to. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Of the terminal; `undefined` where it is none. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
}

/** All of the machine that the command line touches, but for the network. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: ReadFile;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Asks on the terminal; `null` where nobody sits there. */
  readonly ask: ((question: string) => Promise<string>) | null;
  /** Aborted by SIGINT and SIGTERM. */
  readonly interrupted: AbortSignal;
}

/** How wide text for people may be: as the terminal is, else as `COLUMNS` says, else 80. */
export function widthOf({ stdout, env }: World): number {
  const given = Number(env.COLUMNS);
  return stdout.columns ?? (Number.isInteger(given) && given > 0 ? given : 80);
}

/**
 * Whether text for people has colours.
 * @see https://no-color.org
 */
export function hasColours({ stdout, env }: World): boolean {
  return stdout.isTerminal && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}
