import { displayNames, displayText } from '@vault-swarm/kernel';
import {
  isOutageCode,
  type OrchestratorAdvice,
  outageTexts,
  type Problem,
  type ProblemCode,
  ProblemList,
  type ProviderError,
} from '@vault-swarm/provider';
import type { DeniedBinding } from '../bindings/secret-binding.ts';
import type { Lockdown } from '../ledger/ledger.ts';
import type { UnusableLedger } from '../ledger/stored-ledger.ts';
import type { Orchestrator, Role, WorkloadSecret } from '../ports/orchestrator.ts';
import type { SecretStatus, ServiceStatus } from './status.ts';

/** The state of one provider, as its poller found it. */
export interface PolledProvider {
  /** Why it can't be polled now; `null` while it answers. */
  readonly failure: ProviderError | null;
  /** What to change so that the plugin notices changes without reading values; `null` if it does. */
  readonly probeProblem: string | null;
  /** Which refs have lagged for a while; `null` if none has. */
  readonly lagProblem: string | null;
}

/** What is wrong with the credentials that end. */
export interface LeaseProblem {
  readonly code: Extract<
    ProblemCode,
    'LEASE_FAILING' | 'LEASE_HOLDER_DENIED' | 'LEASE_LIMIT_REACHED' | 'LEASE_ENDING_SOON'
  >;
  /** The service, the provider, or the accounts of leases. */
  readonly subject: string;
  readonly services: readonly string[];
  readonly message: string;
}

/** The orchestrator's name and commands, for texts. */
export type OrchestratorTexts = Pick<Orchestrator, 'displayName' | 'words' | 'advice'>;

/** What the problems of the rotation follow from. */
export interface ProblemFacts {
  readonly orchestrator: OrchestratorTexts;
  /** Why the orchestrator does not answer; `null` if it does. */
  readonly outage: { readonly message: string; readonly isRefused: boolean } | null;
  readonly unusableLedger: UnusableLedger | null;
  readonly role: Role | null;
  readonly lockdown: Lockdown | null;
  readonly secrets: readonly SecretStatus[];
  readonly services: readonly ServiceStatus[];
  /** What the access policy denies. */
  readonly denials: readonly DeniedBinding[];
  readonly leases: readonly LeaseProblem[];
  /** Secrets with options that have no effect. */
  readonly withOptions: readonly WorkloadSecret[];
  readonly polledOf: (provider: string) => PolledProvider | undefined;
}

/** Waiting reasons that follow from a secret's problem, which is listed by itself. */
const FOLLOWS_FROM_SECRET: ReadonlySet<string> = new Set(['SECRET_UNDELIVERABLE', 'LABELS_INVALID']);

/** The current problems of the rotation, worst first. What has one cause is one problem. */
export function rotationProblems(facts: ProblemFacts): readonly Problem[] {
  const { displayName, words, advice } = facts.orchestrator;
  const list = new ProblemList({ orchestrator: displayName, words, advice });
  addCluster(list, facts);
  const explained = addProviders(list, facts);
  addDenials(list, facts, explained);
  addSecrets(list, facts, explained);
  addServices(list, facts, explained);
  return list.problems;
}

function addCluster(list: ProblemList, { outage, unusableLedger, role, lockdown, ...facts }: ProblemFacts): void {
  if (lockdown !== null) {
    const since = new Date(lockdown.sinceMs).toISOString();
    list.add('LOCKDOWN_ACTIVE', `since ${since} no value is served from the cache, and no rotation starts by itself`);
  }
  if (outage !== null) {
    const code = outage.isRefused ? 'ORCHESTRATOR_ACCESS_DENIED' : 'ORCHESTRATOR_UNAVAILABLE';
    list.add(code, outage.message);
  }
  for (const { code, subject, message, services } of facts.leases) {
    list.add(code, `${displayText(subject)}: ${message}`, { subject, services });
  }
  if (unusableLedger !== null) list.add(unusableLedger.code, unusableLedger.message);
  if (role === 'worker') list.add('NOT_A_MANAGER', 'the plugin serves nothing here');
  if (facts.withOptions.length > 0) {
    list.add('SECRET_OPTIONS_IGNORED', describeOptions(facts.withOptions), {
      secrets: facts.withOptions.map(({ name }) => name),
    });
  }
}

/** Adds the problems of providers. Returns the secrets that they explain. */
function addProviders(list: ProblemList, { secrets, services, polledOf }: ProblemFacts): Set<SecretStatus> {
  const explained = new Set<SecretStatus>();
  const byProvider = Map.groupBy(secrets, ({ provider }) => provider);
  for (const [name, ofProvider] of byProvider) {
    const polled = name === null ? undefined : polledOf(name);
    if (name === null || polled === undefined) continue;
    if (polled.failure !== null) {
      const affected = ofProvider.filter(({ problem }) => problem === null || isOutageCode(problem.code));
      // While the provider is unreachable, the cached value is delivered.
      for (const secret of ofProvider) {
        if (secret.revision !== null || affected.includes(secret)) explained.add(secret);
      }
      const missing = affected.filter(({ revision }) => revision === null).map((secret) => secret.name);
      const without = missing.length === 0 ? '' : `, ${missing.length} without a cached value`;
      const isDown = failingFor(services, missing).length > 0;
      list.add(
        'PROVIDER_UNAVAILABLE',
        `${displayText(name)}: ${polled.failure.message} (${counted(affected.length)} affected${without})`,
        {
          provider: name,
          subject: name,
          secrets: affected.map((secret) => secret.name),
          services: servicesOf(affected),
          severity: isDown || missing.length > 0 ? 'critical' : 'warning',
          ...outageTexts(polled.failure.code, missing.length === 0),
        },
      );
    }
    if (polled.lagProblem !== null) list.add('PROVIDER_LAGGING', polled.lagProblem, { subject: name });
    if (polled.probeProblem !== null) list.add('PROBE_UNAVAILABLE', polled.probeProblem, { subject: name });
  }
  return explained;
}

/** Adds what the access policy denies. */
function addDenials(
  list: ProblemList,
  { denials, secrets, services }: ProblemFacts,
  explained: Set<SecretStatus>,
): void {
  for (const { service, secret, message } of denials) {
    const isDown = services.some(({ name, state }) => name === service && state.code === 'failing');
    const severity = isDown ? 'critical' : 'warning';
    list.add('POLICY_DENIED', message, { services: [service], secrets: [secret], severity });
  }
  for (const secret of secrets) if (secret.problem?.code === 'POLICY_DENIED') explained.add(secret);
}

/** Adds the secrets without a value: one problem for all with the same reason. */
function addSecrets(
  list: ProblemList,
  { secrets, services, orchestrator }: ProblemFacts,
  explained: Set<SecretStatus>,
): void {
  const own = secrets.filter((secret) => secret.problem !== null && !explained.has(secret));
  for (const group of Map.groupBy(own, ({ problem }) => `${problem?.code} ${problem?.message}`).values()) {
    const [first] = group;
    if (first === undefined || first.problem === null) continue;
    const { code, message } = first.problem;
    const names = group.map(({ name }) => name);
    list.add(
      code === 'ACCESS_DENIED' ? 'SECRET_ACCESS_DENIED' : 'SECRET_UNDELIVERABLE',
      `${displayNames(names)}: ${message}`,
      {
        secrets: names,
        services: withoutSome(services, names) ?? servicesOf(group),
        severity: failingFor(services, names).length > 0 ? 'critical' : 'warning',
        ...actionFor(code, first, orchestrator.advice),
      },
    );
    for (const secret of group) explained.add(secret);
  }
}

/** Labels of a secret in use can't be changed: a new secret takes its place in the service. */
function actionFor(
  code: string,
  { name, services }: SecretStatus,
  advice: OrchestratorAdvice | undefined,
): { readonly action?: string } {
  const service = displayText(services[0] ?? 'SERVICE');
  const command = advice === undefined ? '' : `: ${advice.replaceSecret(displayText(name), service)}`;
  const replace = `reate a secret with correct labels under another name, and replace it in the service${command}`;
  switch (code) {
    case 'INVALID_REF':
      return { action: `C${replace}` };
    case 'NOT_FOUND':
      return { action: `Write the value at the provider. If a label is wrong, c${replace}` };
    case 'INVALID_PAYLOAD':
      return { action: `Correct the value at the provider. If a label is wrong, c${replace}` };
    default:
      return {};
  }
}

/** Adds the services that do not run or do not rotate, unless another problem explains it. */
function addServices(
  list: ProblemList,
  { services, denials }: ProblemFacts,
  explained: ReadonlySet<SecretStatus>,
): void {
  const byName = new Set([...explained].map(({ name }) => name));
  const denied = new Set(denials.map(({ service }) => service));
  const isExplained = ({ name, secrets }: ServiceStatus) =>
    denied.has(name) || secrets.some((secret) => byName.has(secret));
  const listed = new Set<ServiceStatus>();
  for (const service of services) {
    const { name, state, problem } = service;
    if (state.code !== 'failing' && state.code !== 'degraded') continue;
    if ((service.undeliverableSecrets.length > 0 || denied.has(name)) && isExplained(service)) continue;
    const code = state.code === 'failing' ? 'SERVICE_FAILING' : 'SERVICE_DEGRADED';
    const rotation = problem === null ? '' : `; its rotation: ${problem.message}`;
    list.add(code, `${displayText(name)}: ${state.message}${rotation}`, { services: [name] });
    listed.add(service);
  }
  const held = services.filter(({ quarantine }) => quarantine !== null);
  const setOf = ({ quarantine }: ServiceStatus) => `${quarantine?.secrets.join()} ${quarantine?.reason}`;
  for (const group of Map.groupBy(held, setOf).values()) {
    const quarantine = group[0]?.quarantine;
    if (quarantine == null) continue;
    const names = group.map(({ name }) => name);
    // These do not get the value because it failed here.
    const waiting = services.filter((service) => isHeldBackElsewhere(service, quarantine.secrets));
    for (const service of [...group, ...waiting]) listed.add(service);
    const verb = names.length === 1 ? 'has' : 'have';
    const others = waiting.length === 0 ? '' : `; ${displayNames(waiting.map(({ name }) => name))} not updated with it`;
    const detail = `${displayNames(names)} ${verb} the last good value of ${displayNames(quarantine.secrets)} (${quarantine.reason})${others}`;
    const all = [...names, ...waiting.map(({ name }) => name)];
    list.add('VALUE_QUARANTINED', detail, { services: all, secrets: quarantine.secrets });
  }
  const blocked = services.filter((service) => {
    const { problem, waitingReason } = service;
    if (problem === null || listed.has(service)) return false;
    return !(waitingReason !== null && FOLLOWS_FROM_SECRET.has(waitingReason.code) && isExplained(service));
  });
  for (const group of Map.groupBy(blocked, ({ problem }) => `${problem?.code} ${problem?.message}`).values()) {
    const problem = group[0]?.problem;
    if (problem == null) continue;
    const names = group.map(({ name }) => name);
    list.add(problem.code, `${displayNames(names)}: ${problem.message}`, { services: names });
  }
}

/** Whether the service is not updated because one of these secrets made tasks of another service fail. */
function isHeldBackElsewhere(
  { quarantine, waitingReason, secrets }: ServiceStatus,
  failed: readonly string[],
): boolean {
  const isWaiting = quarantine === null && waitingReason?.code === 'VALUE_FAILED_ELSEWHERE';
  return isWaiting && secrets.some((name) => failed.includes(name));
}

/** Which secrets have driver options, which the orchestrator does not pass on. */
export function describeOptions(secrets: readonly WorkloadSecret[]): string {
  const options = [...new Set(secrets.flatMap(({ driverOptions = [] }) => driverOptions))];
  return `the driver is not given the options ${displayNames(options)} of ${displayNames(secrets.map(({ name }) => name))}`;
}

/** The services without a running task that use one of the secrets. */
function failingFor(services: readonly ServiceStatus[], secrets: readonly string[]): readonly ServiceStatus[] {
  const names = new Set(secrets);
  return services.filter(
    ({ state, secrets: used }) => state.code === 'failing' && used.some((name) => names.has(name)),
  );
}

/** The services that do not get one of the secrets; `null` if that is not known of any. */
function withoutSome(services: readonly ServiceStatus[], secrets: readonly string[]): readonly string[] | null {
  const names = new Set(secrets);
  const without = services.filter(({ undeliverableSecrets }) => undeliverableSecrets.some((name) => names.has(name)));
  return without.length === 0 ? null : without.map(({ name }) => name);
}

function servicesOf(secrets: readonly SecretStatus[]): readonly string[] {
  return [...new Set(secrets.flatMap(({ services }) => services))];
}

function counted(number: number): string {
  return number === 1 ? '1 secret' : `${number} secrets`;
}
