import { displayMessage, displayText } from '@vault-swarm/kernel';
import { inWords, type OrchestratorWords } from './orchestrator-words.ts';
import type { ProviderErrorCode } from './provider-error.ts';

/** How bad something is: `critical` is an outage, `warning` a degraded mode, `info` needs no haste. Worst first. */
export const problemSeverities = ['critical', 'warning', 'info'] as const;

/** See {@link problemSeverities}. */
export type ProblemSeverity = (typeof problemSeverities)[number];

interface Kind {
  readonly severity: ProblemSeverity;
  /** The general text, with the words of {@link inWords}. `{orchestrator}` is replaced by the orchestrator's name. */
  readonly summary: string;
  /** What the operator does about it, unless the problem has an action of its own. */
  readonly action: string;
}

/** Each problem by its code. Of problems with one severity, the earlier code comes first. */
const kinds = {
  NOT_A_MANAGER: {
    severity: 'critical',
    summary: 'This node is not a manager',
    action: 'Run the plugin on the managers, or make this node a manager',
  },
  ORCHESTRATOR_UNAVAILABLE: {
    severity: 'critical',
    summary: '{orchestrator} does not answer',
    action: 'Check {orchestrator} on this node. Until it answers, secrets are delivered, and nothing is rotated',
  },
  ORCHESTRATOR_ACCESS_DENIED: {
    severity: 'critical',
    summary: '{orchestrator} refuses a request that the plugin needs',
    action: 'Give the plugin the right that the message names',
  },
  RECONCILE_STALLED: {
    severity: 'critical',
    summary: 'No reconcile pass completes',
    action: 'Check {orchestrator}, and the log of the plugin. Until then secrets are delivered, and nothing is rotated',
  },
  LEDGER_UNTRUSTED: {
    severity: 'critical',
    summary: 'The ledger is not trusted',
    action: 'Give all managers the same LEDGER_KEY, or do what the message names: see docs/guides/ledger-key.md',
  },
  LEDGER_TOO_NEW: {
    severity: 'critical',
    summary: 'The ledger is of a later version',
    action: 'Update the plugin on this manager',
  },
  LEADER_WITHOUT_PLUGIN: {
    severity: 'critical',
    summary: 'The manager that leads has no running plugin',
    action: 'Start the plugin there, or let another manager lead. Until then no task that needs a secret can start',
  },
  SERVICE_FAILING: {
    severity: 'critical',
    summary: 'A {SERVICE} has no running {TASK}',
    action: 'Fix the cause. See each attempt to start a {TASK} of {service}',
  },
  PROVIDER_UNAVAILABLE: {
    severity: 'warning',
    summary: 'A provider does not answer',
    action: 'Fix what the message names, and check that the provider runs and is unsealed',
  },
  SECRET_UNDELIVERABLE: {
    severity: 'warning',
    summary: 'A secret has no value to deliver',
    action: 'Write the value at the provider, or correct the labels. Until then {TASK}s that need it cannot start',
  },
  SECRET_ACCESS_DENIED: {
    severity: 'warning',
    summary: 'A provider denies access to a secret',
    action:
      'If path and mount are right, add the rule that the message names to the policy of the login. Until then {TASK}s that need it cannot start',
  },
  POLICY_DENIED: {
    severity: 'warning',
    summary: 'The access policy denies a service a secret',
    action:
      'Add or correct a rule of the access policy in CONFIG_FILE, or correct the labels of the secret. Until then its new tasks cannot start',
  },
  SERVICE_DEGRADED: {
    severity: 'warning',
    summary: 'A {SERVICE} has fewer running {TASK}s than desired',
    action: 'Fix the cause. See each attempt to start a {TASK} of {service}',
  },
  VALUE_QUARANTINED: {
    severity: 'warning',
    summary: 'A new value made {TASK}s fail and is quarantined',
    action: 'Write another value, or fix the service and try this one again: vault-swarm rotate --quarantined',
  },
  ROTATION_BLOCKED: {
    severity: 'warning',
    summary: 'A rotation does not proceed',
    action:
      'Fix the cause; the rotation then continues. Running {TASK}s keep their values. See the {TASK}s of {service}',
  },
  MANAGER_WITHOUT_PLUGIN: {
    severity: 'warning',
    summary: 'A manager has no running plugin',
    action: 'Start the plugin there: see docs/guides/install.md. If this manager leads, no task gets its secrets',
  },
  LEDGER_KEYS_DIFFER: {
    severity: 'warning',
    summary: 'The managers have different ledger keys',
    action: 'Give all managers the same LEDGER_KEY: see docs/guides/ledger-key.md',
  },
  CLOCKS_DIFFER: {
    severity: 'warning',
    summary: 'The clocks of the managers differ',
    action: 'Synchronize the clocks of all managers by NTP',
  },
  LOCKDOWN_ACTIVE: {
    severity: 'warning',
    summary: 'A lockdown is active',
    action: 'End it: vault-swarm lockdown --release',
  },
  LEASE_ENDING_SOON: {
    severity: 'warning',
    summary: 'A credential ends before a rollout can replace it',
    action:
      'Find out why its service is not updated, and rotate it: vault-swarm services --problems, vault-swarm rotate --service {service}',
  },
  LEASE_LIMIT_REACHED: {
    severity: 'warning',
    summary: 'A limit allows no further credential',
    action: 'Find out which services request so many: vault-swarm leases. Or raise the setting that the message names',
  },
  LEASE_FAILING: {
    severity: 'warning',
    summary: 'A credential that ends is not issued, renewed or revoked',
    action: 'Fix the cause before the credential ends: see the events, vault-swarm events --level error',
  },
  LEASE_HOLDER_DENIED: {
    severity: 'warning',
    summary: "Credentials depend on the plugin's login",
    action: 'Add the token role or the policy that the message names. Until then services roll before the login ends',
  },
  ROTATION_TOO_FREQUENT: {
    severity: 'warning',
    summary: 'A {SERVICE} rotates faster than it rolls',
    action:
      'Change its secrets less often, or let more of its tasks be replaced at a time (update_config: parallelism, delay)',
  },
  PROVIDER_LAGGING: {
    severity: 'warning',
    summary: 'A provider answers with values that it has replaced',
    action: 'Check the replication of the provider, or give the plugin the address of its primary',
  },
  PROVIDER_LOGIN_EXPIRING: {
    severity: 'warning',
    summary: 'The login to a provider works, and will not for long',
    action: 'Renew the token, or use a login that the plugin can repeat, such as AppRole',
  },
  POLICY_INVALID: {
    severity: 'warning',
    summary: 'The access policy has changed and is not valid',
    action: 'Correct CONFIG_FILE. Until then the policy that was in force stays',
  },
  CREDENTIAL_FILE_UNUSABLE: {
    severity: 'warning',
    summary: "A file with a credential of the plugin can't be used",
    action: 'Write the file again. Until then the plugin uses what it read before',
  },
  CERTIFICATE_EXPIRED: {
    severity: 'warning',
    summary: 'The certificate of the monitoring port has ended',
    action: 'Replace the files of MONITORING_TLS_CERT_FILE and MONITORING_TLS_KEY_FILE',
  },
  CERTIFICATE_UNUSABLE: {
    severity: 'warning',
    summary: 'The new certificate of the monitoring port can not be used',
    action: 'Replace both files: the certificate and its key',
  },
  CERTIFICATE_EXPIRING: {
    severity: 'info',
    summary: 'The certificate of the monitoring port ends soon',
    action: 'Replace the files of MONITORING_TLS_CERT_FILE and MONITORING_TLS_KEY_FILE',
  },
  PLUGIN_VERSIONS_DIFFER: {
    severity: 'info',
    summary: 'The managers run different versions of the plugin',
    action: 'Update the plugin on all managers: see docs/guides/upgrade.md',
  },
  ANNOUNCEMENT_REFUSED: {
    severity: 'info',
    summary: 'The plugins of the other managers cannot see this one',
    action: 'Allow the plugin to announce itself',
  },
  PROBE_UNAVAILABLE: {
    severity: 'info',
    summary: 'Changes of a provider are found only by reading the values',
    action: 'Add the right that the message names',
  },
  SECRET_OPTIONS_IGNORED: {
    severity: 'info',
    summary: 'Options of a secret have no effect',
    action: 'Create the secret again with labels instead of driver options',
  },
  MORE_PROBLEMS: {
    severity: 'info',
    summary: 'There are more problems than are listed',
    action:
      'List the secrets and the services with a problem: vault-swarm secrets --problems, vault-swarm services --problems',
  },
} as const satisfies Record<string, Kind>;

/** The kind of a problem. Codes are stable: programs match on them, never on the text. */
export type ProblemCode = keyof typeof kinds;

/** All codes, in the order in which problems of one severity are listed. */
export const problemCodes = Object.keys(kinds) as readonly ProblemCode[];

/** A current problem, for the operator: one cause, with everything that follows from it. */
export interface Problem {
  readonly code: ProblemCode;
  readonly severity: ProblemSeverity;
  /** A sentence without names of secrets or services, for clients that are not signed in. */
  readonly summary: string;
  /** The same with names. Never contains a value. */
  readonly detail: string;
  /** What to do about it: one action, as a sentence without its period. */
  readonly action: string;
  /** What it concerns, apart from its text: with the code, the identity of the problem over time. */
  readonly subject: string;
  /** Names of the affected secrets. */
  readonly secrets: readonly string[];
  /** Names of the affected services. */
  readonly services: readonly string[];
  /** The provider instance, if the problem is that it does not answer. */
  readonly provider?: string;
}

/** How operators act on one orchestrator: its own commands in place of the general texts. */
export interface OrchestratorAdvice {
  /** Actions by code. `{service}` is replaced by the name of a service. */
  readonly actions: Readonly<Partial<Record<ProblemCode, string>>>;
  /** How a service gets another secret in place of this one. */
  replaceSecret(secret: string, service: string): string;
}

/** The optional parts of a problem. */
export interface ProblemContext {
  /** The name that users know for the orchestrator. */
  readonly orchestrator?: string;
  readonly words?: OrchestratorWords | undefined;
  readonly advice?: OrchestratorAdvice | undefined;
  /** See {@link Problem.provider}. */
  readonly provider?: string;
  /** Instead of the summary of the code. */
  readonly summary?: string;
  /** Instead of the severity of the code. */
  readonly severity?: ProblemSeverity;
  /** Instead of the action of the code, unless the orchestrator has its own. */
  readonly action?: string;
  /** See {@link Problem.subject}. By default the provider, the secrets and the services. */
  readonly subject?: string;
  readonly secrets?: readonly string[];
  readonly services?: readonly string[];
}

/** Creates a problem, with texts limited as by `displayMessage`. @param detail follows the summary and a colon. */
export function problem(code: ProblemCode, detail: string, context: ProblemContext = {}): Problem {
  const { orchestrator = 'The orchestrator', words, advice, provider, secrets = [], services = [] } = context;
  const kind: Kind = kinds[code];
  const summary = displayMessage(
    inWords(context.summary ?? kind.summary, words).replace('{orchestrator}', () => orchestrator),
  );
  const action = inWords(advice?.actions[code] ?? context.action ?? kind.action, words)
    .replace('{orchestrator}', () => orchestrator)
    .replace('{service}', () => displayText(services[0] ?? 'NAME'));
  return {
    code,
    severity: context.severity ?? kind.severity,
    summary,
    detail: displayMessage(`${summary}: ${detail}`),
    action: displayMessage(action),
    subject: context.subject ?? [provider ?? '', ...secrets, ...services].join(' '),
    secrets,
    services,
    ...(provider === undefined ? {} : { provider }),
  };
}

/** Summary and action of `PROVIDER_UNAVAILABLE` for outages that are no silence. */
const OUTAGES: Readonly<Partial<Record<ProviderErrorCode, { readonly summary: string; readonly action: string }>>> = {
  UNAUTHENTICATED: {
    summary: 'A provider refuses the login',
    action: 'Correct the setting of the login that the message names, or renew the credential',
  },
  RATE_LIMITED: {
    summary: 'A provider limits the requests',
    action: 'Set a longer VAULT_ROTATION_INTERVAL, or raise the quota of the provider',
  },
};

/**
 * The texts of `PROVIDER_UNAVAILABLE` for an outage with this code.
 * @param hasValues whether the last good value of each affected secret is cached.
 */
export function outageTexts(code: ProviderErrorCode, hasValues: boolean): Pick<ProblemContext, 'summary' | 'action'> {
  const { summary, action = 'Fix what the message names, and check that the provider runs and is unsealed' } =
    OUTAGES[code] ?? {};
  const setting = code === 'UNAUTHENTICATED' ? 'STALE_IF_UNAUTHENTICATED' : 'STALE_IF_ERROR';
  const meanwhile = hasValues
    ? `{TASK}s that start get the last good values, for ${setting}`
    : '{TASK}s that need its secrets cannot start';
  return { ...(summary === undefined ? {} : { summary }), action: `${action}. Until then ${meanwhile}` };
}

/** Worst first, then by code; equal ones in their order. */
export function rankedProblems<T extends Pick<Problem, 'code' | 'severity'>>(problems: readonly T[]): readonly T[] {
  const rank = ({ code, severity }: T) =>
    problemSeverities.indexOf(severity) * problemCodes.length + problemCodes.indexOf(code);
  return problems.toSorted((a, b) => rank(a) - rank(b));
}

/** The maximum number of listed problems. */
const MAX_PROBLEMS = 500;
/** The maximum length of the listed problems, in UTF-16 code units. */
const MAX_LENGTH = 200_000;

/** A list of problems, limited in number and length. If problems are missing, a last entry says how many. */
export class ProblemList {
  readonly #problems: Problem[] = [];
  readonly #orchestrator: Pick<ProblemContext, 'orchestrator' | 'words' | 'advice'>;
  #length = 0;
  #more = 0;

  /** @param orchestrator for the texts of all problems. */
  constructor(orchestrator: Pick<ProblemContext, 'orchestrator' | 'words' | 'advice'> = {}) {
    this.#orchestrator = orchestrator;
  }

  /** Adds a problem. @param detail follows the summary and a colon. */
  add(code: ProblemCode, detail: string, context?: ProblemContext): void {
    const added = problem(code, detail, { ...this.#orchestrator, ...context });
    this.#length += added.detail.length;
    if (this.#problems.length >= MAX_PROBLEMS || this.#length > MAX_LENGTH) this.#more += 1;
    else this.#problems.push(added);
  }

  /** The listed problems, worst first. */
  get problems(): readonly Problem[] {
    const ranked = rankedProblems(this.#problems);
    if (this.#more === 0) return ranked;
    return [...ranked, problem('MORE_PROBLEMS', `${this.#more} more`, this.#orchestrator)];
  }
}
