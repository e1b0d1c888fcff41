import { displayText } from '@vault-swarm/kernel';
import type { Problem, ProblemSeverity } from '@vault-swarm/provider';

/** The state of everything in a headline. */
export interface HealthSummary {
  /** Stable; programs match on it, never on the text. */
  readonly code: 'stopped' | 'problems' | 'locked-down' | 'empty' | 'rolling' | 'well';
  readonly severity: ProblemSeverity | 'ok';
  readonly title: string;
  /** One or two sentences about the running tasks. */
  readonly explanation: string;
}

/** What the headline depends on. */
export interface SummaryFacts {
  /** Whether reconcile passes complete. */
  readonly isHealthy: boolean;
  /** When the last one completed, in milliseconds since 1970; `null` if none did. */
  readonly heartbeatAtMs: number | null;
  readonly isRotationEnabled: boolean;
  readonly isLockedDown: boolean;
  /** Worst first. */
  readonly problems: readonly Pick<Problem, 'severity' | 'summary' | 'code'>[];
  readonly services: readonly SummarisedService[];
  /** The driver's name. */
  readonly driver: string;
  /** How many secrets of this driver there are. */
  readonly secrets: number;
}

/** What the headline depends on of a service. */
export interface SummarisedService {
  readonly name: string;
  readonly state: { readonly code: string; readonly message: string };
  readonly runningTasks: number;
  readonly outdatedTasks: number;
  readonly taskRevisions: readonly {
    readonly revisions: readonly { readonly state: string; readonly tasks: number }[];
  }[];
}

/** Sums everything up. Command line and dashboard show this, so that they never disagree. */
export function healthSummary(facts: SummaryFacts): HealthSummary {
  const { isHealthy, isLockedDown, problems, services, secrets } = facts;
  const [worst] = problems;
  const explanation = explain(facts);
  if (!isHealthy) {
    const since = facts.heartbeatAtMs === null ? 'No reconcile pass has completed yet.' : STOPPED;
    return { code: 'stopped', severity: 'critical', title: 'Rotation has stopped', explanation: since };
  }
  const rolling = services.filter(({ state }) => state.code === 'rolling' || state.code === 'rolling-back').length;
  if (isLockedDown && problems.every(({ code }) => code === 'LOCKDOWN_ACTIVE')) {
    return { code: 'locked-down', severity: 'warning', title: 'Locked down', explanation };
  }
  if (worst !== undefined) {
    const title = problems.length === 1 ? worst.summary : `${problems.length} problems. ${worst.summary}`;
    return { code: 'problems', severity: worst.severity, title, explanation };
  }
  if (secrets === 0) {
    const empty = `No secret uses the driver ${facts.driver} yet.`;
    return { code: 'empty', severity: 'ok', title: 'Ready for the first secret', explanation: empty };
  }
  if (rolling > 0) {
    return { code: 'rolling', severity: 'info', title: `Rolling out to ${counted(rolling, 'service')}`, explanation };
  }
  return { code: 'well', severity: 'ok', title: 'All is well', explanation };
}

const STOPPED =
  'Secrets are still delivered. Changes at a provider are not detected until reconcile passes complete again.';

function explain({ isRotationEnabled, services, secrets }: SummaryFacts): string {
  if (!isRotationEnabled)
    return 'Rotation is turned off (ENABLE_ROTATION): secrets are delivered, and no service is updated.';
  const sum = (number: (service: SummarisedService) => number) =>
    services.reduce((total, service) => total + number(service), 0);
  const running = sum(({ runningTasks }) => runningTasks);
  const failing = services.filter(({ state }) => state.code === 'failing').length;
  const rolling = services.filter(({ state }) => state.code === 'rolling' || state.code === 'rolling-back').length;
  const held = sum(({ taskRevisions }) => Math.max(0, ...taskRevisions.map(heldBackTasks)));
  const outdated = sum(({ outdatedTasks }) => outdatedTasks);
  const parts = [
    failing === 0 ? null : `${counted(failing, 'service')} ${failing === 1 ? 'has' : 'have'} no running task`,
    rolling === 0 ? null : `${counted(rolling, 'service')} rolling`,
    outdated === 0
      ? null
      : `${counted(outdated, 'task')} of ${grouped(running)} ${outdated === 1 ? 'has' : 'have'} an old revision`,
    held === 0 ? null : `${counted(held, 'task')} ${held === 1 ? 'has' : 'have'} a revision that is held back`,
  ].filter((part) => part !== null);
  const waiting = services.find(({ state }) => state.code === 'waiting');
  const why = waiting === undefined ? '' : ` ${displayText(waiting.name)} ${waiting.state.message}.`;
  if (parts.length > 0) return `${parts.join(', ')}.${why}`;
  if (running === 0) return `${counted(secrets, 'secret')}, and no running task uses one.`;
  const tasks = running === 1 ? 'The task' : `All ${counted(running, 'task')}`;
  const verb = running === 1 ? 'has' : 'have';
  return `${tasks} of ${counted(services.length, 'service')} ${verb} the current revision of every secret.`;
}

function heldBackTasks({ revisions }: SummarisedService['taskRevisions'][number]): number {
  return revisions.reduce((total, { state, tasks }) => total + (state === 'held-back' ? tasks : 0), 0);
}

function counted(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** Groups the digits. The first call of `toLocaleString` would take 14 ms, and 7 MiB of memory for ever. */
function grouped(number: number): string {
  return `${number}`.replace(/\B(?=(?:\d{3})+$)/g, ',');
}
