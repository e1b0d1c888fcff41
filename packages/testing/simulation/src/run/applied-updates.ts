import type { WriteOutcome } from '@vault-swarm/rotation';
import type { OpenRollout } from '@vault-swarm/rotation/ledger-format';
import type { AttemptedRoll } from '../plugin/cluster.ts';
import { fingerprintOf, type SimulatedService } from '../swarm/service.ts';
import { allTasks } from '../swarm/slots.ts';
import { isAlive, type SimulatedTask } from '../swarm/task.ts';
import type { DeliveryOracle } from './delivery-oracle.ts';
import { failsAnyway } from './fails-anyway.ts';
import type { LeadershipOracle } from './leadership-oracle.ts';
import { NoHarm } from './no-harm.ts';
import type { RunContext } from './run-context.ts';
import { RunningTasks } from './running-tasks.ts';
import { NEVER, type ServicePast, type ServicePasts } from './service-past.ts';
import type { StartedRollouts } from './started-rollouts.ts';
import type { ToleratedAnomaly, UsedAllowances } from './tolerated-anomalies.ts';
import { UndoneRollouts } from './undone-rollouts.ts';
import { NEEDLESS, updateReason } from './update-reason.ts';

/** What the oracle knows beside the updates. */
interface Known {
  readonly pasts: ServicePasts;
  readonly answers: DeliveryOracle;
  readonly leadership: LeadershipOracle;
  readonly allowances: UsedAllowances;
  readonly started: StartedRollouts;
  /** Every rollout that was ever written into the ledger, by `service@generation`: its latest attempt. */
  readonly intents: ReadonlyMap<string, OpenRollout>;
}

type Before = NonNullable<AttemptedRoll['before']>;

/** Whether the plugins may make the updates that they make, and what these do to running tasks. */
export class AppliedUpdates {
  readonly #run: RunContext;
  readonly #known: Known;
  readonly #noHarm: NoHarm;
  readonly #running: RunningTasks;
  readonly #undone: UndoneRollouts;
  /** How many were applied. */
  count = 0;

  constructor(run: RunContext, known: Known) {
    this.#run = run;
    this.#known = known;
    this.#noHarm = new NoHarm(run);
    this.#running = new RunningTasks(run);
    this.#undone = new UndoneRollouts(run, known.pasts);
  }

  /** A user posted something for the service. */
  touched(serviceId: string): void {
    this.#noHarm.touched(serviceId);
    this.#running.touched(serviceId);
  }

  /** The ledger was lost, and with it what users had rolled back. */
  forgets(): void {
    this.#undone.forgets();
  }

  /** The ledger was written with this rollout of a service. */
  written(serviceId: string, rollout: OpenRollout): void {
    this.#undone.written(serviceId, rollout);
  }

  /** Swarm rejected a plugin's update of the service. */
  rejected(serviceId: string): void {
    this.#noHarm.rejected(serviceId);
  }

  /** A user rolled the service back. */
  rolledBack(service: SimulatedService): void {
    this.#undone.rolledBack(service);
  }

  /** Something changed in the Swarm. */
  changed(): void {
    this.#running.changed();
  }

  /** An update stops a task to replace it. Returns what is wrong with that. */
  stopping(service: SimulatedService, task: SimulatedTask): readonly string[] {
    // A plugin that does not know what a healthy task has may replace it.
    const harm = this.isDoubtful(service) ? null : this.#noHarm.stopping(service, task);
    return [harm, this.#running.stopping(service, task)].filter((what) => what !== null);
  }

  /** An update of a plugin arrived at the Swarm. Returns what is wrong with it. */
  rolled(roll: AttemptedRoll, outcome: WriteOutcome): readonly string[] {
    const { manager, serviceId, generation, before } = roll;
    const service = this.#run.swarm.services.find(({ id }) => id === serviceId);
    const name = service?.name ?? serviceId;
    this.#run.say(`  ${manager} rolls ${name} to ${generation}: ${outcome}`);
    if (outcome !== 'applied' || service === undefined || before === undefined) return [];
    const past = this.#known.pasts.of(serviceId);
    const intent = this.#known.intents.get(`${serviceId}@${generation}`);
    this.count += 1;
    past.rolls += 1;
    const problems = [
      ...this.#wrongNumber(service, roll, before, intent),
      ...this.#wrongTime(service, roll, before, past, intent),
      ...this.#known.started.rolled(service, intent),
      ...this.#withoutReason(service, roll, before, past, intent),
    ];
    past.lastRoll = { timeMs: this.#run.timeMs, generation, manager };
    return problems;
  }

  #wrongNumber(
    service: SimulatedService,
    { generation, manager }: AttemptedRoll,
    { spec }: Before,
    intent: OpenRollout | undefined,
  ): readonly string[] {
    const { name } = service;
    const isUsed = allTasks(service).some((task) => task.generation >= generation);
    return [
      ...(generation < spec.generation && !this.#mayReturnTo(service, generation)
        ? [`${name} was rolled to ${generation} though it had ${spec.generation} already`]
        : []),
      ...(intent === undefined ? [`${name} was rolled to ${generation}, which was never written into the ledger`] : []),
      ...(generation > spec.generation && isUsed
        ? [`${name} was rolled to ${generation}, of which there were tasks already`]
        : []),
      ...(this.#known.leadership.mayLead(manager) ? [] : [`${name} was rolled by ${manager}, which does not lead`]),
    ];
  }

  /** Whether it comes while something else is in progress, or against what its user did. */
  #wrongTime(
    service: SimulatedService,
    roll: AttemptedRoll,
    before: Before,
    past: ServicePast,
    intent: OpenRollout | undefined,
  ): readonly string[] {
    const { timeMs, settings } = this.#run;
    const { leadership, allowances } = this.#known;
    const { name, id } = service;
    const { manager, generation } = roll;
    const { spec, update } = before;
    const rolledAtMs = past.lastRoll?.timeMs ?? NEVER;
    const wasTouched = past.touchedAtMs > rolledAtMs;
    // What is in progress looks like the rollout before it: its number was used again, or its user has only scaled.
    const looksLike = wasTouched ? this.#looksLike(service, before, past) : undefined;
    if (looksLike?.state === 'failed') allowances.uses('forced to a used number', name);
    // Of one that Swarm has not taken up yet, nothing tells whose it is.
    const isOwnUpdate = looksLike !== undefined && (before.status.state === 'none' || looksLike.state !== 'open');
    const harm = this.#noHarm.rolled(service, roll, intent, wasTouched && !isOwnUpdate);
    this.#running.rolled(id);
    const again = this.#undone.rolled(service, intent);
    const isOwn = past.lastRoll?.generation === spec.generation && update?.isRollback === false;
    const isInProgress = isOwn && past.touchedAtMs < rolledAtMs && generation > spec.generation;
    const isEarly = isInProgress && timeMs - rolledAtMs < settings.policy.stuckAfterMs;
    // One of two leaders may take what the other has just rolled for somebody else's.
    const isOfOther = leadership.leaders.length > 1 && past.lastRoll?.manager !== manager;
    if (isEarly && isOfOther) allowances.uses('two leaders', name);
    return [
      ...(again === null ? [] : [again]),
      ...(harm === null ? [] : [`${name} was rolled to ${generation} ${harm}`]),
      ...(isEarly && !isOfOther
        ? [`${name} was rolled to ${generation} while its rollout to ${spec.generation} was in progress`]
        : []),
    ];
  }

  #withoutReason(
    service: SimulatedService,
    { generation, underWayMs }: AttemptedRoll,
    before: Before,
    past: ServicePast,
    intent: OpenRollout | undefined,
  ): readonly string[] {
    const { leadership, allowances, answers, intents } = this.#known;
    const { name } = service;
    if (service.kind === 'job') return [`the job ${name} was run again`];
    if (before.spec.image === 'broken' || failsAnyway(this.#run, service))
      past.tolerated.set('broken before', this.#run.timeMs);
    const lastRollout = intents.get(`${service.id}@${past.lastRoll?.generation}`);
    const reason = updateReason(this.#run, answers, service, { before, underWayMs, generation }, past, lastRollout);
    const explained = NEEDLESS.has(reason) ? this.#whyDoubtful(service) : undefined;
    const isBrokenBefore = past.tolerated.has('broken before') && intent?.direction === 'rollback';
    const what = `${name} ${past.rolls}`;
    if (reason === null && leadership.leaders.length > 1) {
      allowances.uses('two leaders', name);
      past.tolerated.set('two leaders', this.#run.timeMs);
    } else if (explained !== undefined) {
      allowances.uses(explained, what);
      // The same generation again replaces no task, so that it is not known better afterwards.
      if (generation !== before.spec.generation) past.doubtful.clear();
      past.rolls -= 1;
    } else if (reason === 'value changed back' || reason === 'asked for twice') {
      allowances.uses(reason, what);
      if (reason === 'asked for twice') past.rolls -= 1;
    } else if (reason === null && isBrokenBefore) {
      allowances.uses('broken before', what);
    } else if (reason === null) {
      return [`${name} was rolled to ${generation} without a reason: ${describe(service)}`];
    }
    return [];
  }

  /** The rollout like which the update looks that is in progress, though a user has changed the service since. */
  #looksLike(
    { id }: SimulatedService,
    { spec, status, update }: Before,
    { lastRoll }: ServicePast,
  ): OpenRollout | undefined {
    const isInProgress = status.state === 'rolling' || (status.state === 'none' && update !== null);
    if (lastRoll?.generation !== spec.generation || !isInProgress) return undefined;
    const before = this.#known.intents.get(`${id}@${lastRoll.generation}`);
    return before?.fingerprint === fingerprintOf(spec) ? before : undefined;
  }

  /** Whether it may not be known what a running task of a service has. */
  isDoubtful(service: SimulatedService): boolean {
    const { answers, pasts } = this.#known;
    const isUnknown = ({ id }: SimulatedTask) => answers.mayBeUnrecorded(id) || answers.isRequestedTwice(id);
    return (
      this.#whyDoubtful(service) !== undefined ||
      pasts.of(service.id).tolerated.has('two leaders') ||
      allTasks(service).some((task) => isAlive(task) && isUnknown(task))
    );
  }

  /** Why it may not be known what a living task of the service holds. */
  #whyDoubtful(service: SimulatedService): ToleratedAnomaly | undefined {
    const { doubtful } = this.#known.pasts.of(service.id);
    const living = allTasks(service).filter(isAlive);
    return living.map(({ id }) => doubtful.get(id)).find((why) => why !== undefined);
  }

  /** Whether it is a rollback to the generation of tasks that run. */
  #mayReturnTo(service: SimulatedService, generation: number): boolean {
    const isRunning = allTasks(service).some((task) => task.state === 'running' && task.generation === generation);
    return isRunning && this.#run.ledger?.services[service.id]?.rollout?.direction === 'rollback';
  }
}

function describe(service: SimulatedService): string {
  const held = allTasks(service)
    .filter(isAlive)
    .map((task) => `${task.id} ${[...task.held].map(([name, { text }]) => `${name}=${text}`).join(' ')}`);
  return held.join('; ');
}
