import { displayMessage } from '@vault-swarm/kernel';

/** Exit codes; docs/reference/cli.md says what each means. */
export const EXIT = { well: 0, wrong: 1, wrongUse: 2, notReached: 3 } as const;

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Why a command could not do what it was asked for. Programs match on these, so they do not change. */
export const failureCodes = [
  'WRONG_USE',
  'CONNECTION_REFUSED',
  'NAME_UNKNOWN',
  'TIMEOUT',
  'TLS',
  'CONNECTION_FAILED',
  'NOT_THE_PLUGIN',
  'TOKEN_NEEDED',
  'TOKEN_REFUSED',
  'NOT_ALLOWED',
  'OLD_PLUGIN',
  'NOT_FOUND',
  'ROTATION_OFF',
  'TOO_MANY_SERVICES',
  'TOO_MANY_REQUESTS',
  'NOT_READY',
  'NOT_CONFIRMED',
  'UNEXPECTED',
] as const;

/** One of {@link failureCodes}. */
export type FailureCode = (typeof failureCodes)[number];

const EXIT_OF: Readonly<Partial<Record<FailureCode, ExitCode>>> = {
  WRONG_USE: EXIT.wrongUse,
  NOT_CONFIRMED: EXIT.wrong,
  CONNECTION_REFUSED: EXIT.notReached,
  NAME_UNKNOWN: EXIT.notReached,
  TIMEOUT: EXIT.notReached,
  TLS: EXIT.notReached,
  CONNECTION_FAILED: EXIT.notReached,
  NOT_THE_PLUGIN: EXIT.notReached,
};

/** The end of a command that could not do what it was asked for: what happened, and what to do about it. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  /** What the reader can do, as a sentence. */
  readonly advice: string;

  constructor(code: FailureCode, message: string, advice: string, cause?: unknown) {
    super(displayMessage(message), cause === undefined ? undefined : { cause });
    this.code = code;
    this.advice = advice;
  }

  /** What the process ends with. */
  get exitCode(): ExitCode {
    return EXIT_OF[this.code] ?? EXIT.wrong;
  }
}
