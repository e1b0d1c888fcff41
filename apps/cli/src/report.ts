import type { ExitCode } from './failure.ts';
import type { Paper } from './terminal/printer.ts';

/** What a command found: for programs, for people, and for the exit code. */
export interface Report {
  readonly exitCode: ExitCode;
  /** What `--json` gives, beside `ok`. */
  readonly document: Readonly<Record<string, unknown>>;
  readonly show: (paper: Paper) => void;
}
