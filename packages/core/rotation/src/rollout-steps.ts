import type { ProductEvent } from '@vault-swarm/provider';
import type { HeldValue } from './held-value.ts';
import { isKnown } from './holdings.ts';
import { type KnownUse, outdatedTasks } from './known-use.ts';
import { type OpenRollout, setAsideWith } from './ledger.ts';
import { type Decision, isBusy, nextGeneration, type RollAction, type Situation, secretNames } from './situation.ts';

/** Why a rollout failed, for its event. */
export interface Failure {
  readonly reason: Extract<ProductEvent, { type: 'rollout.failed' }>['reason'];
  readonly message: string;
}

const RETRY_FIRST_MS = 5_000;
const RETRY_LONGEST_MS = 600_000;

/** Nothing to do; the rollout is as given. */
export function keep({ entry }: Situation, rollout: OpenRollout | null = entry.rollout): Decision {
  return { entry: { ...entry, rollout }, roll: null, events: [], waitingFor: null, blocked: false };
}

/** Nothing to do yet. */
export function wait(situation: Situation, waitingFor: string): Decision {
  return { ...keep(situation), waitingFor };
}

/** Nothing to do until somebody else has. */
export function block(situation: Situation, waitingFor: string): Decision {
  return { ...wait(situation, waitingFor), blocked: true };
}

/** The same update again, which resumes one that the orchestrator paused: whoever's it is by now. */
export function resume(situation: Situation, open: OpenRollout): Decision {
  const { service, nowMs } = situation;
  const generation = Math.max(open.generation, service.generation);
  const rollout = { ...open, generation, attempt: open.attempt + 1, begunAtMs: nowMs };
  return { ...keep(situation, rollout), roll: rollTo(situation, generation) };
}

/** Whether an attempt may be followed by the next: after each the pause is twice as long. */
export function mayRetry({ openForMs }: Situation, { attempt }: OpenRollout): boolean {
  return openForMs >= Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** attempt);
}

/** The rollout is left as it is, and counted as an error. */
export function giveUp(situation: Situation, open: OpenRollout, failure: Failure): Decision {
  const rollout: OpenRollout = { ...open, state: 'failed', failure: failure.message };
  return { ...keep(situation, rollout), events: [failed(situation, open, failure)] };
}

/** Every task has what the rollout brought. */
export function complete(situation: Situation, open: OpenRollout): Decision {
  const { service, nowMs } = situation;
  const common = {
    service: service.name,
    secrets: secretNames(situation, open.target),
    generation: open.generation,
    durationMs: Math.max(0, nowMs - (open.direction === 'forward' ? open.changedAtMs : open.begunAtMs)),
  };
  const type = open.direction === 'forward' ? 'rollout.completed' : 'rollback.completed';
  return { ...keep(situation, null), events: [{ type, ...common }] };
}

/** The event of a rollout that failed. */
export function failed(situation: Situation, open: OpenRollout, failure: Failure): ProductEvent {
  const secrets = secretNames(situation, open.target);
  return { type: 'rollout.failed', service: situation.service.name, secrets, ...failure };
}

/**
 * Rolls the service to what is wanted of all its outdated secrets, those included that are not rolled for their own
 * sake: each task that starts is given them too.
 *
 * @param also further uses that are to be part of it though no running task is outdated.
 */
export function begin(situation: Situation, attempt = 1, also: readonly KnownUse[] = []): Decision {
  const { service, entry, mayBegin } = situation;
  const before = entry.rollout;
  const isOursNoMore = before !== null && before.state !== 'open' && service.rollout.state === 'rolling';
  if (isBusy(service) && !isOursNoMore) return wait(situation, 'its own update to end');
  const isPaused = service.rollout.state === 'paused' || service.rollout.state === 'rollback-paused';
  if (before === null && isPaused && !service.rollout.mayGoOn)
    return block(situation, 'its paused update to be resumed or undone');
  if (!mayBegin) return wait(situation, 'other services to finish');
  const uses = situation.uses.filter((known) => outdatedTasks(known).length > 0 || also.includes(known));
  return start(situation, uses, attempt);
}

function start(situation: Situation, uses: readonly KnownUse[], attempt: number): Decision {
  const { service, entry, nowMs } = situation;
  const target: Record<string, HeldValue> = {};
  const lastGood: Record<string, HeldValue> = {};
  for (const known of uses) {
    const { use, wanted } = known;
    if (wanted === undefined) continue;
    target[use.key] = { revision: wanted.revision, digest: wanted.digest };
    const before = entry.rollout?.lastGood[use.key] ?? replacedValue(known);
    if (before !== undefined) lastGood[use.key] = { revision: before.revision, digest: before.digest };
  }
  const goesBack = Object.keys(target).every((key) => setAsideWith(entry, key) !== undefined);
  const rollout: OpenRollout = {
    direction: goesBack ? 'back' : 'forward',
    generation: nextGeneration(situation),
    begunAtMs: nowMs,
    changedAtMs: Math.min(...uses.map(({ seenAtMs }) => seenAtMs)),
    attempt,
    state: 'open',
    failure: '',
    fingerprint: service.fingerprint,
    target,
    lastGood,
  };
  const { generation } = rollout;
  const secrets = secretNames(situation, target);
  return {
    entry: { ...entry, rollout, requested: entry.requested.filter((key) => !(key in target)) },
    roll: rollTo(situation, generation),
    events: [{ type: goesBack ? 'rollback.started' : 'rollout.started', service: service.name, secrets, generation }],
    waitingFor: null,
    blocked: false,
  };
}

/** What the newest of the tasks holds that are to be replaced. */
function replacedValue(known: KnownUse): HeldValue | undefined {
  const outdated = new Set(outdatedTasks(known));
  const candidates = known.held.filter(({ task, value }) => outdated.has(task) && isKnown(value));
  return candidates.toSorted((a, b) => b.task.createdAtMs - a.task.createdAtMs)[0]?.value;
}

/** The update that brings a service to a generation. */
export function rollTo({ service }: Situation, generation: number): RollAction {
  return { serviceId: service.id, serviceName: service.name, version: service.version, generation };
}
