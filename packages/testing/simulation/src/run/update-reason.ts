import type { OpenRollout } from '@vault-swarm/rotation/ledger-format';
import { isBadFor } from '../failing.ts';
import type { AttemptedRoll } from '../plugin/cluster.ts';
import type { SimulatedService } from '../swarm/service.ts';
import { allTasks } from '../swarm/slots.ts';
import { isAlive, type SimulatedTask } from '../swarm/task.ts';
import type { DeliveryOracle } from './delivery-oracle.ts';
import type { RunContext } from './run-context.ts';
import { NEVER, type ServicePast } from './service-past.ts';
import { timeSlackMs } from './time-slack.ts';

/** Reasons that an update may have though every task holds the newest value. */
export const NEEDLESS: ReadonlySet<string | null> = new Set([null, 'value changed back', 'it was given up']);

/** A plugin sends an update for what it observed this long before, at most, in milliseconds. */
const DECISION_HOLDS_MS = 10_000;

/** A plugin acts on a request within this time, in milliseconds, if it is carried out without being recorded. */
const REQUEST_HOLDS_MS = 900_000;

/** When an update left its plugin, and what it found. */
interface Arrived extends Pick<AttemptedRoll, 'underWayMs' | 'generation'> {
  readonly before: NonNullable<AttemptedRoll['before']>;
}

/**
 * Why a plugin may update a service that is no job, in truth; `null` where there is no reason.
 *
 * @param lastRollout what the ledger had of the latest update of a plugin.
 */
export function updateReason(
  run: RunContext,
  answers: DeliveryOracle,
  service: SimulatedService,
  { before, underWayMs, generation }: Arrived,
  past: ServicePast,
  lastRollout: OpenRollout | undefined,
): string | null {
  const { truth, provider, timeMs } = run;
  const isAsked = isRequested(run, service.id, past);
  // An update whose outcome the plugin does not know may be applied much later than it was sent.
  const decisionAgeMs = DECISION_HOLDS_MS + underWayMs;
  // Its labels may have changed since it was observed.
  const known = [...truth.bindingsOf(service), ...truth.formerBindingsOf(service, timeMs - decisionAgeMs)];
  const uses = known.filter(({ isAuto, rotate, isPinned }) => {
    return isAuto || (isAsked && rotate === 'manual' && !isPinned);
  });
  const live = allTasks(service).filter(isAlive);
  const lookedSinceMs = timeMs - 2 * run.settings.intervalMs - 15_000 - timeSlackMs(run);
  const holdsNewest = ({ held }: SimulatedTask) =>
    uses.every(({ name, path }) => held.get(name)?.text === provider.textOf(path));
  // The tasks that were observed have just ended, and are not restarted.
  const observedSinceMs = run.clock.now() - decisionAgeMs;
  const justEnded = allTasks(service).filter(({ endedAtMs }) => (endedAtMs ?? 0) >= observedSinceMs);
  if (live.length === 0 && justEnded.length > 0) return 'its tasks have just ended';
  // Where none is restarted any more, the values with which the last ones failed may be replaced.
  const last = live.length > 0 ? live : allTasks(service).filter((task) => task.generation === before.spec.generation);
  const isTwice = live.some(({ id }) => answers.isRequestedTwice(id));
  if (isTwice && live.every(holdsNewest)) return 'asked for twice';
  // It completes what it started, though the labels say by now that it may not start. Its tasks may have failed already.
  const givenBad = past.lastRoll === null ? undefined : past.givenBad.get(past.lastRoll.generation);
  if (known.some(({ name }) => givenBad?.has(name) === true)) return 'its rollout brought a bad value';
  for (const { id, held, state } of last) {
    if (answers.isRequestedTwice(id)) return 'asked for twice';
    for (const { name, path } of uses) {
      const text = held.get(name)?.text;
      if (text === undefined) {
        if (state === 'starting') return 'a task is starting';
        // Swarm forgot the update that was to replace it, or completed it though the task that was started first failed.
        if (live.length > 0 && ['none', 'completed'].includes(before.status.state))
          return 'a task was made before it used the secret';
        continue;
      }
      if (isBadFor(text, service.name)) return 'a task holds a bad value';
      if (text !== provider.textOf(path)) return 'a task holds another value than the newest';
      if (truth.textsSince(path, lookedSinceMs).some((earlier) => earlier !== text)) return 'value changed back';
    }
  }
  // It is continued for secrets that were not to be rotated since it started, too.
  const isContinued = lastRollout?.generation === generation && lastRollout.state !== 'failed';
  const isMissed = (task: SimulatedTask, rollout: OpenRollout) =>
    task.generation < generation ||
    usesOf(run, service, rollout).some(({ name, given }) => task.held.get(name)?.text !== given);
  if (isContinued && live.some((task) => isMissed(task, lastRollout))) return 'its rollout missed a task';
  if (isAsked && lastRollout?.state === 'failed') return 'somebody asked for what failed';
  // A set that failed is tried again for a newer value of any secret in it, if one of them is rotated automatically.
  const isTriedAgain = lastRollout?.state === 'failed' && uses.length > 0;
  if (isTriedAgain && hasNewer(run, service, lastRollout)) return 'a value of its failed rollout is newer';
  // It was sent for a task that has ended since.
  const sentAtMs = run.clock.now() - underWayMs;
  const ended = justEnded.filter(({ endedAtMs, held }) => (endedAtMs ?? 0) >= sentAtMs && held.size > 0);
  if (underWayMs > 0 && !ended.every(holdsNewest)) return 'a task ended while it was in flight';
  const isGivenUp = ['paused', 'rollback-paused', 'rolled-back', 'rolling-back'].includes(before.status.state);
  return isGivenUp ? 'it was given up' : null;
}

/** Whether a request is recent, or was recorded and not carried out yet: nobody may have led since. */
function isRequested({ timeMs, ledger }: RunContext, serviceId: string, { requestedAtMs }: ServicePast): boolean {
  const isRecorded = (ledger?.services[serviceId]?.requested.length ?? 0) > 0;
  return timeMs - requestedAtMs < REQUEST_HOLDS_MS || (isRecorded && requestedAtMs !== NEVER);
}

/** Whether a secret of a rollout has another value by now than the rollout gave. */
function hasNewer(run: RunContext, service: SimulatedService, rollout: OpenRollout): boolean {
  return usesOf(run, service, rollout).some(({ text, given }) => given !== text);
}

/** The secrets of a rollout that the service uses, with the text that it gives: `undefined` if their labels name another ref. */
function usesOf({ truth, swarm }: RunContext, service: SimulatedService, { target }: OpenRollout) {
  return service.spec.secretIds.flatMap((id) => {
    const version = target[id] ?? target[`${service.id}/${id}`];
    const use = truth.bindingsOf(service).find(({ name }) => name === swarm.secret(id)?.name);
    return version === undefined || use === undefined ? [] : [{ ...use, given: truth.textAt(use, version) }];
  });
}
