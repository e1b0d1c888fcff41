import { displayMessage } from '@vault-swarm/kernel';

/** The general text of each problem, by its code. `{orchestrator}` is replaced by the orchestrator's name. */
const summaries = {
  ORCHESTRATOR_UNAVAILABLE: '{orchestrator} does not answer',
  ORCHESTRATOR_ACCESS_DENIED: '{orchestrator} refuses a request that the plugin needs',
  RECONCILE_STALLED: 'No reconcile pass completes',
  NOT_A_MANAGER: 'This node is not a manager',
  LOCKDOWN_ACTIVE: 'A lockdown is active',
  LEDGER_TOO_NEW: 'The ledger is of a later version',
  LEDGER_UNTRUSTED: 'The ledger is not trusted',
  PROVIDER_UNAVAILABLE: 'A provider does not answer',
  PROVIDER_LAGGING: 'A provider answers with values that it has replaced',
  PROVIDER_LOGIN_EXPIRING: 'The login to a provider works, and will not for long',
  PROBE_UNAVAILABLE: 'Changes of a provider are found only by reading the values',
  SECRET_UNDELIVERABLE: 'A secret has no value to deliver',
  SECRET_ACCESS_DENIED: 'A provider denies access to a secret',
  SECRET_OPTIONS_IGNORED: 'Options of a secret have no effect',
  ROTATION_TOO_FREQUENT: 'A service rotates faster than it rolls',
  ROTATION_BLOCKED: 'A rotation does not proceed',
  VALUE_QUARANTINED: 'A new value made tasks fail and is quarantined',
  CREDENTIAL_FILE_UNUSABLE: "A file with a credential of the plugin can't be used",
  CERTIFICATE_UNUSABLE: 'The new certificate of the monitoring port can not be used',
  CERTIFICATE_EXPIRING: 'The certificate of the monitoring port ends soon',
  CERTIFICATE_EXPIRED: 'The certificate of the monitoring port has ended',
  MORE_PROBLEMS: 'There are more problems than are listed',
} as const;

/** The kind of a problem. Codes are stable: programs match on them, never on the text. */
export type ProblemCode = keyof typeof summaries;

/** All codes. */
export const problemCodes = Object.keys(summaries) as readonly ProblemCode[];

/** A current problem, for the operator. */
export interface Problem {
  readonly code: ProblemCode;
  /** A sentence without names of secrets or services, for clients that are not signed in. */
  readonly summary: string;
  /** The same with names, and with what to do. Never contains a value. */
  readonly detail: string;
  /** The provider instance, if the problem is that it does not answer. */
  readonly provider?: string;
}

/** The optional parts of a problem. */
export interface ProblemContext {
  /** The name that users know for the orchestrator. */
  readonly orchestrator?: string;
  /** See {@link Problem.provider}. */
  readonly provider?: string;
}

/** Creates a problem, with texts limited as by `displayMessage`. @param detail follows the summary and a colon. */
export function problem(code: ProblemCode, detail: string, context: ProblemContext = {}): Problem {
  const { orchestrator = 'The orchestrator', provider } = context;
  const summary = displayMessage(summaries[code].replace('{orchestrator}', orchestrator));
  return {
    code,
    summary,
    detail: displayMessage(`${summary}: ${detail}`),
    ...(provider === undefined ? {} : { provider }),
  };
}

/** The maximum number of listed problems. */
const MAX_PROBLEMS = 500;
/** The maximum length of the listed problems, in UTF-16 code units. */
const MAX_LENGTH = 200_000;

/** A list of problems, limited in number and length. If problems are missing, a last entry says how many. */
export class ProblemList {
  readonly #problems: Problem[] = [];
  #length = 0;
  #more = 0;

  /** Adds a problem. @param detail follows the summary and a colon. */
  add(code: ProblemCode, detail: string, context?: ProblemContext): void {
    const added = problem(code, detail, context);
    this.#length += added.detail.length;
    if (this.#problems.length >= MAX_PROBLEMS || this.#length > MAX_LENGTH) this.#more += 1;
    else this.#problems.push(added);
  }

  /** The listed problems. */
  get problems(): readonly Problem[] {
    if (this.#more === 0) return this.#problems;
    const detail = `${this.#more} more; see the secrets and the services with a problem`;
    return [...this.#problems, problem('MORE_PROBLEMS', detail)];
  }
}
