import type { TimedEvent } from '@vault-swarm/provider';
import type { RequestedService, WriteOutcome } from '@vault-swarm/rotation';
import { type OpenRollout, parseLedger } from '@vault-swarm/rotation/ledger-format';
import { isBadFor } from '../failing.ts';
import type { AttemptedRoll, DriverAnswer } from '../plugin/cluster.ts';
import { fingerprintOf, type SimulatedService } from '../swarm/service.ts';
import { allTasks } from '../swarm/slots.ts';
import { isAlive, type SimulatedTask } from '../swarm/task.ts';
import { DeliveryOracle } from './delivery-oracle.ts';
import { failsAnyway } from './fails-anyway.ts';
import { Fairness } from './fairness.ts';
import { LeadershipOracle } from './leadership-oracle.ts';
import { LedgerSize } from './ledger-size.ts';
import { ManualRequests } from './manual-requests.ts';
import { NewestDelivered } from './newest-delivered.ts';
import { NoHarm } from './no-harm.ts';
import { QuarantinedValues } from './quarantined-values.ts';
import { isRecorded } from './recorded-secrets.ts';
import { restoredValue } from './restored-values.ts';
import { RolloutTruth } from './rollout-truth.ts';
import type { RunContext } from './run-context.ts';
import { StartedRollouts } from './started-rollouts.ts';
import { StatusTruth } from './status-truth.ts';
import { timeSlackMs } from './time-slack.ts';
import { type ToleratedAnomaly, UsedAllowances } from './tolerated-anomalies.ts';

interface Rolled {
  readonly timeMs: number;
  readonly generation: number;
  readonly manager: string;
}

/** What is known of one service's past, beside what its tasks hold. */
interface Past {
  /** Tasks of which it may not be known what they hold, by why: since the last restart that was not needed. */
  readonly doubtful: Map<string, ToleratedAnomaly>;
  /** How often it was rolled, without the restarts that were not needed and are explained. */
  rolls: number;
  /** When a user last posted something for it. */
  touchedAtMs: number;
  requestedAtMs: number;
  lastRoll: Rolled | null;
  /** By generation: the secrets of which a task was given a value that makes it fail. Swarm forgets such tasks soon. */
  readonly givenBad: Map<number, Set<string>>;
  /** What may be wrong with it, and since when. */
  readonly tolerated: Map<ToleratedAnomaly, number>;
}

const NEVER = Number.NEGATIVE_INFINITY;

/** Reasons that a roll may have though every task holds the newest value. */
const NEEDLESS = new Set(['value changed back', 'it was given up']);

/** A plugin acts on what it observed this long before, at most, in milliseconds. */
const DECISION_HOLDS_MS = 10_000;

/** A plugin acts on a request within this time, in milliseconds, if it is carried out without being recorded. */
const REQUEST_HOLDS_MS = 900_000;

/** An answer of the driver takes no longer. */
const DEADLINE_MS = 2_000;

/** Messages of passes that were cut off, or met an outside that failed. */
const EXPECTED_FAILURE = /^not done within|did not answer|cut off|stopped/;

/** Watches what the plugins do, and knows from the truth whether they may. */
export class Oracle {
  readonly #run: RunContext;
  readonly violations: string[] = [];
  readonly #pasts = new Map<string, Past>();
  /** Every rollout that was ever written into the ledger, by `service@generation`: its latest attempt. */
  readonly #intents = new Map<string, OpenRollout>();
  readonly #answers = new DeliveryOracle();
  readonly leadership: LeadershipOracle;
  readonly allowances = new UsedAllowances();
  readonly #quarantines: QuarantinedValues;
  readonly #newest: NewestDelivered;
  readonly #noHarm: NoHarm;
  readonly #started: StartedRollouts;
  readonly #ledgerSize: LedgerSize;
  readonly #fairness: Fairness;
  readonly #status: StatusTruth;
  readonly rollouts: RolloutTruth;
  readonly manual: ManualRequests;
  #isLedgerLost = false;
  /** The services of which the ledger has not recorded every secret since it was lost. */
  readonly #unrecorded = new Set<string>();
  rolls = 0;
  completed = 0;
  quarantines = 0;

  constructor(run: RunContext) {
    this.#run = run;
    this.#quarantines = new QuarantinedValues(run);
    this.#newest = new NewestDelivered(run);
    this.#noHarm = new NoHarm(run);
    this.rollouts = new RolloutTruth(run);
    this.manual = new ManualRequests(run);
    this.leadership = new LeadershipOracle(run);
    this.#started = new StartedRollouts(run, this);
    this.#ledgerSize = new LedgerSize(run, this.leadership, (id) => this.pastOf(id).touchedAtMs);
    this.#fairness = new Fairness(run, this.leadership);
    this.#status = new StatusTruth(run, this);
  }

  /** What is known of a service's past. */
  pastOf(serviceId: string): Past {
    let past = this.#pasts.get(serviceId);
    if (past === undefined) {
      past = {
        doubtful: new Map(),
        ...{ touchedAtMs: NEVER, requestedAtMs: NEVER, rolls: 0 },
        lastRoll: null,
        givenBad: new Map(),
        tolerated: new Map(),
      };
      this.#pasts.set(serviceId, past);
    }
    return past;
  }

  /** A user posted something for a service. */
  touched(serviceId: string): void {
    this.pastOf(serviceId).touchedAtMs = this.#run.timeMs;
    this.#noHarm.touched(serviceId);
  }

  /** A user posted the spec of a service again, which resumes its paused update. Its tasks are made from the same. */
  resumed(serviceId: string): void {
    this.#noHarm.touched(serviceId);
    this.#started.resumed(serviceId);
  }

  /** An update stops a task to replace it. */
  stopping(service: SimulatedService, task: SimulatedTask): void {
    const harm = this.#noHarm.stopping(service, task);
    if (harm !== null) this.#violated(harm);
  }

  /** Somebody asked for a manual rotation. */
  requested(serviceIds: readonly string[]): void {
    for (const id of serviceIds) this.pastOf(id).requestedAtMs = this.#run.timeMs;
    this.#quarantines.lift(serviceIds);
    this.rollouts.forgets(serviceIds);
  }

  /** A plugin accepted a manual rotation that it was asked for. */
  requestAccepted(answer: readonly RequestedService[], askedAtMs: number): void {
    for (const what of this.manual.accepted(answer, askedAtMs)) this.#violated(what);
  }

  /** Something makes that the past of a service may be forgotten in part. */
  allowService(serviceId: string, anomaly: ToleratedAnomaly): void {
    this.pastOf(serviceId).tolerated.set(anomaly, this.#run.timeMs);
  }

  /** Something makes that the past of every service may be forgotten in part. */
  tolerate(anomaly: ToleratedAnomaly): void {
    const { swarm, provider } = this.#run;
    if (anomaly === 'ledger lost') {
      this.#isLedgerLost = true;
      const ids = swarm.services.map(({ id }) => id);
      this.#quarantines.lift(ids);
      this.rollouts.forgets(ids);
      this.#ledgerSize.forgets();
      this.manual.forgets();
      this.#started.forgets();
    }
    for (const service of swarm.services) {
      this.allowService(service.id, anomaly);
      // A value that was written again since counts as newer then, since its bytes can't be compared.
      if (anomaly !== 'ledger lost' || !provider.abilities.tellsTime) continue;
      const { doubtful } = this.pastOf(service.id);
      for (const { id } of allTasks(service).filter(isAlive)) doubtful.set(id, anomaly);
    }
  }

  /**
   * Why a change of a path may have been overlooked for a service, until the next one; `null` if nothing explains that. What
   * changed after the cause, and after the plugins had the time to act on it, was seen; what was deleted by then was not.
   */
  isOverlooked(serviceId: string, path: string): ToleratedAnomaly | null {
    const anomalies = ['ledger lost', 'rolled back manually'] as const;
    return anomalies.find((anomaly) => this.isOverlookedFor(serviceId, path, anomaly)) ?? null;
  }

  /** Whether this explains it: there may be more than one explanation. */
  isOverlookedFor(serviceId: string, path: string, anomaly: ToleratedAnomaly): boolean {
    const { truth, settings } = this.#run;
    const graceMs = 2 * settings.intervalMs + 2_000 + timeSlackMs(this.#run);
    const sinceMs = this.pastOf(serviceId).tolerated.get(anomaly);
    return sinceMs !== undefined && truth.lostEarlierAtMs(path) <= sinceMs + graceMs;
  }

  /** What was overlooked has changed, and is known to have. */
  changed(): void {
    this.#answers.everythingChanged();
    const { truth, swarm } = this.#run;
    for (const service of swarm.services) {
      // A bad value that was overlooked is still there. It fails once another change starts the tasks again.
      if (truth.badBindings(service).some(({ path }) => this.isOverlooked(service.id, path) !== null)) continue;
      const { tolerated } = this.pastOf(service.id);
      tolerated.delete('ledger lost');
      tolerated.delete('rolled back manually');
    }
  }

  /** Whether what a task was given may not be recorded. */
  mayBeUnrecorded(taskId: string): boolean {
    return this.#answers.mayBeUnrecorded(taskId);
  }

  /** A process ended. */
  died(manager: string): void {
    this.#run.say(`! the plugin of ${manager} dies`);
    this.leadership.died(manager);
    this.#newest.died(manager);
    this.#started.died(manager);
    const { timeMs, settings } = this.#run;
    const notedWithinMs = settings.intervalMs + 2_000 + timeSlackMs(this.#run);
    this.#answers.lost(manager, timeMs - notedWithinMs);
    this.leadsAnew();
  }

  /** Another process answers from now on, or another manager leads: what tasks were given last may not be recorded. */
  leadsAnew(): void {
    this.#status.startsAnew();
    const { timeMs, settings, swarm } = this.#run;
    const notedWithinMs = settings.intervalMs + 2_000 + timeSlackMs(this.#run);
    for (const service of swarm.services) {
      const { doubtful } = this.pastOf(service.id);
      for (const { id, state } of allTasks(service).filter(isAlive)) {
        const isRecent = timeMs - this.#answers.lastAtMs(id) < notedWithinMs;
        if (state === 'starting' || isRecent) doubtful.set(id, 'crash before the note');
      }
    }
  }

  /** A roll arrived at the Swarm. */
  rolled(roll: AttemptedRoll, outcome: WriteOutcome): void {
    const { manager, serviceId, generation, before } = roll;
    const service = this.#run.swarm.services.find(({ id }) => id === serviceId);
    const name = service?.name ?? serviceId;
    this.#run.say(`  ${manager} rolls ${name} to ${generation}: ${outcome}`);
    if (outcome !== 'applied' || service === undefined || before === undefined) return;
    const past = this.pastOf(serviceId);
    this.rolls += 1;
    past.rolls += 1;
    const { spec, update } = before;
    if (generation < spec.generation && !this.#mayReturnTo(service, generation)) {
      this.#violated(`${name} was rolled to ${generation} though it had ${spec.generation} already`);
    }
    const intent = this.#intents.get(`${serviceId}@${generation}`);
    const wasTouched = past.touchedAtMs > (past.lastRoll?.timeMs ?? NEVER);
    // What is in progress looks like the rollout before it: its number was used again, or its user has only scaled.
    const looksLike = wasTouched ? this.#looksLike(service, before, past) : undefined;
    if (looksLike?.state === 'failed') this.allowances.uses('forced to a used number', name);
    const isOwnUpdate = looksLike?.state === 'failed' || looksLike?.state === 'stuck';
    const harm = this.#noHarm.rolled(service, roll, intent, wasTouched && !isOwnUpdate);
    if (harm !== null) this.#violated(`${name} was rolled to ${generation} ${harm}`);
    if (intent === undefined) {
      this.#violated(`${name} was rolled to ${generation}, which was never written into the ledger`);
    }
    if (generation > spec.generation && allTasks(service).some((task) => task.generation >= generation)) {
      this.#violated(`${name} was rolled to ${generation}, of which there were tasks already`);
    }
    if (!this.leadership.mayLead(manager)) this.#violated(`${name} was rolled by ${manager}, which does not lead`);
    const rolledAtMs = past.lastRoll?.timeMs ?? Number.NEGATIVE_INFINITY;
    const isOwn = past.lastRoll?.generation === spec.generation && update?.isRollback === false;
    const forMs = this.#run.timeMs - rolledAtMs;
    // One of two leaders may take what the other has just rolled for somebody else's.
    const isOfOther = this.leadership.leaders.length > 1 && past.lastRoll?.manager !== manager;
    if (
      isOwn &&
      past.touchedAtMs < rolledAtMs &&
      generation > spec.generation &&
      forMs < this.#run.settings.policy.stuckAfterMs
    ) {
      if (isOfOther) this.allowances.uses('two leaders', name);
      else
        this.#violated(`${name} was rolled to ${generation} while its rollout to ${spec.generation} was in progress`);
    }
    if (spec.image === 'broken' || failsAnyway(this.#run, service))
      past.tolerated.set('broken before', this.#run.timeMs);
    const reason = this.#reasonFor(service, before, past);
    const explained = reason === null || NEEDLESS.has(reason) ? this.#whyDoubtful(service, past) : undefined;
    if (reason === null && this.leadership.leaders.length > 1) {
      this.allowances.uses('two leaders', name);
      past.tolerated.set('two leaders', this.#run.timeMs);
    } else if (explained !== undefined) {
      this.allowances.uses(explained, `${name} ${past.rolls}`);
      // The same generation again replaces no task, so that it is not known better afterwards.
      if (generation !== spec.generation) past.doubtful.clear();
      past.rolls -= 1;
    } else if (reason === 'value changed back' || reason === 'asked for twice') {
      this.allowances.uses(reason, `${name} ${past.rolls}`);
      if (reason === 'asked for twice') past.rolls -= 1;
    } else if (reason === null && past.tolerated.has('broken before') && intent?.direction === 'rollback') {
      this.allowances.uses('broken before', `${name} ${past.rolls}`);
    } else if (reason === null) {
      this.#violated(`${name} was rolled to ${generation} without a reason: ${this.#describe(service)}`);
    }
    past.lastRoll = { timeMs: this.#run.timeMs, generation, manager };
  }

  /** The rollout like which the update looks that is in progress, though a user has changed the service since. */
  #looksLike(
    { id }: SimulatedService,
    { spec, status }: NonNullable<AttemptedRoll['before']>,
    { lastRoll }: Past,
  ): OpenRollout | undefined {
    if (lastRoll?.generation !== spec.generation || status.state !== 'rolling') return undefined;
    const before = this.#intents.get(`${id}@${lastRoll.generation}`);
    return before?.fingerprint === fingerprintOf(spec) ? before : undefined;
  }

  /** Whether it may not be known what the running tasks of a service have, or that a value of it changed. */
  isDoubtful(service: SimulatedService): boolean {
    const past = this.pastOf(service.id);
    const isUnknown = ({ id }: SimulatedTask) => this.mayBeUnrecorded(id) || this.#answers.isRequestedTwice(id);
    const uses = this.#run.truth.bindingsOf(service);
    return (
      this.#whyDoubtful(service, past) !== undefined ||
      past.tolerated.has('two leaders') ||
      allTasks(service).some((task) => isAlive(task) && isUnknown(task)) ||
      uses.some(({ path }) => this.isOverlooked(service.id, path) !== null)
    );
  }

  /** Why it may not be known what a living task of the service holds. */
  #whyDoubtful(service: SimulatedService, { doubtful }: Past): ToleratedAnomaly | undefined {
    const living = allTasks(service).filter(isAlive);
    return living.map(({ id }) => doubtful.get(id)).find((why) => why !== undefined);
  }

  /** Whether it is a rollback to the generation of tasks that run. */
  #mayReturnTo(service: SimulatedService, generation: number): boolean {
    const isRunning = allTasks(service).some((task) => task.state === 'running' && task.generation === generation);
    return isRunning && this.#openRollout(service.id)?.direction === 'rollback';
  }

  /** The ledger was written: whatever is rolled has to have been in it. */
  ledgerWritten(manager: string, text: string): void {
    this.#newest.ledgerWritten(text);
    // What changed before it records a secret again was not seen by any process either.
    if (this.#isLedgerLost) for (const { id } of this.#run.swarm.services) this.#unrecorded.add(id);
    this.#isLedgerLost = false;
    for (const id of this.#unrecorded) this.allowService(id, 'ledger lost');
    for (const service of this.#run.swarm.services) {
      if (isRecorded(this.#run, service)) this.#unrecorded.delete(service.id);
    }
    for (const what of this.#started.written(manager, text)) this.#violated(what);
    for (const what of this.#ledgerSize.written(text)) this.#violated(what);
    for (const [id, entry] of Object.entries(parseLedger(text)?.services ?? {})) {
      const { rollout, quarantines } = entry;
      const service = this.#run.swarm.services.find((candidate) => candidate.id === id);
      const wrong = service === undefined ? null : this.rollouts.written(service, entry);
      if (wrong !== null) this.#violated(wrong);
      if (rollout === null) continue;
      const intent = `${id}@${rollout.generation}`;
      const isKnown = this.#intents.has(intent);
      this.#intents.set(intent, rollout);
      if (isKnown) continue;
      if (quarantines.length === 0) this.#checkBroughtBack(id, rollout);
    }
  }

  /** What a plugin planned is not in the ledger, so that nothing of it is carried out. */
  ledgerNotWritten(manager: string): void {
    this.#fairness.notWritten(manager);
  }

  #checkBroughtBack(serviceId: string, rollout: OpenRollout): void {
    const { swarm, timeMs, settings } = this.#run;
    const service = swarm.services.find(({ id }) => id === serviceId);
    if (service === undefined || this.leadership.leaders.length > 1) return;
    // What a task was given while the rollout was planned is not known to the plan.
    const knownSinceMs = timeMs - settings.intervalMs - 2_000 - timeSlackMs(this.#run, 'calls');
    const knows = (taskId: string) => !this.mayBeUnrecorded(taskId) && this.#answers.lastAtMs(taskId) < knownSinceMs;
    const what = restoredValue(this.#run, service, rollout, knows);
    if (what !== null) this.#violated(`${service.name} is rolled back to an old value: ${what}`);
  }

  /** The driver answered. */
  answered(answer: DriverAnswer): void {
    const { manager, task, secret, given, tookMs } = answer;
    if (tookMs > DEADLINE_MS) this.#violated(`GetSecret for ${secret.name} took ${tookMs} ms at ${manager}`);
    if (given === null) return;
    const { timeMs, settings, swarm, clock, cluster } = this.#run;
    if (this.leadership.mayTakeForItsOwn(manager, task)) this.#answers.isNoEvidence(task.id);
    const newer = this.#newest.given(answer);
    if (newer !== null) {
      this.#violated(`${task.id} was given ${secret.name} ${given.revision} by ${manager}, which had given ${newer}`);
    }
    if (task.state !== 'starting') return;
    if (this.leadership.isApart(manager)) this.leadsAnew();
    const { clockOffsetMs } = cluster.manager(manager);
    const taskMadeMs = clock.now() + clockOffsetMs - task.createdAtMs;
    const seemsEarlier = taskMadeMs > this.leadership.asked(manager) + 1_000;
    if (seemsEarlier) this.#answers.isNoEvidence(task.id);
    // With another clock than Swarm's it can't tell this task from those of the leader before, until it has looked.
    if ((clockOffsetMs < 0 || seemsEarlier) && !this.leadership.hasLooked(manager)) {
      this.#answers.isNoEvidence(task.id);
      this.pastOf(task.serviceId).doubtful.set(task.id, 'crash before the note');
    }
    this.#answers.given(answer, timeMs);
    const service = swarm.services.find(({ id }) => id === task.serviceId);
    if (service === undefined) return;
    if (isBadFor(given.text, service.name)) this.#givenBad(service, task, secret.name);
    const graceMs = settings.intervalMs + 2_000 + timeSlackMs(this.#run);
    if (!this.#quarantines.has(task.serviceId, secret.name, given.text, graceMs)) return;
    this.#violated(`${task.id} of ${service.name} was given "${given.text}", which is quarantined for it`);
  }

  #givenBad(service: SimulatedService, { generation }: SimulatedTask, secretName: string): void {
    const { givenBad, tolerated } = this.pastOf(service.id);
    const secrets = givenBad.get(generation) ?? new Set();
    givenBad.set(generation, secrets.add(secretName));
    if (this.#openRollout(service.id) === null) tolerated.set('started on a bad value', this.#run.timeMs);
  }

  /** A plugin told something. */
  heard(manager: string, event: TimedEvent): void {
    if (event.type === 'reconcile.failed' && !EXPECTED_FAILURE.test(event.message)) {
      this.#violated(`a pass of ${manager} failed: ${event.message}`);
    }
    if (event.type === 'plugin.warning' && event.message.startsWith('wiring: ')) {
      this.#violated(`the ports are right, and ${manager} says: ${event.message}`);
    }
    if (event.type === 'reconcile.completed' && event.orchestratorAnswered) {
      this.leadership.looked(manager, this.#run.timeMs - event.durationMs);
    }
    if (event.type === 'reconcile.completed') {
      for (const what of this.#fairness.passed(manager, event.orchestratorAnswered)) this.#violated(what);
      if (event.orchestratorAnswered) for (const what of this.#status.passed(manager)) this.#violated(what);
    }
    if (event.type === 'rollout.completed') {
      this.completed += 1;
      this.#started.completed(manager);
      const id = this.#run.swarm.services.find(({ name }) => name === event.service)?.id;
      const wrong = this.rollouts.completed(event, this.#intents.get(`${id}@${event.generation}`));
      if (wrong !== null) this.#violated(wrong);
    }
    if (event.type === 'quarantine.started') {
      this.#started.quarantined(manager);
      this.#valuesQuarantined(event.service, event.secrets);
    }
  }

  #valuesQuarantined(name: string, secrets: readonly string[]): void {
    const { truth, swarm } = this.#run;
    this.quarantines += 1;
    const service = swarm.services.find((candidate) => candidate.name === name);
    if (service === undefined) return;
    const uses = truth.bindingsOf(service);
    const members = uses.filter((use) => secrets.includes(use.name));
    const { tolerated, lastRoll, givenBad } = this.pastOf(service.id);
    const sinceMs = (lastRoll?.timeMs ?? 0) - 2 * this.#run.settings.intervalMs - 15_000 - timeSlackMs(this.#run);
    const wasBad = uses.some(({ path }) => {
      return truth.textsSince(path, sinceMs).some((text) => text !== null && isBadFor(text, name));
    });
    // The label of a secret may name another path since its tasks were started.
    const ofRollout = lastRoll === null ? undefined : givenBad.get(lastRoll.generation);
    const heldBad = secrets.some((one) => ofRollout?.has(one) === true);
    const isExplained = wasBad || heldBad;
    const excuse = (['rolled back manually', 'broken before'] as const).find((anomaly) => tolerated.has(anomaly));
    if (!isExplained && excuse !== undefined) this.allowances.uses(excuse, name);
    if (!isExplained && excuse === undefined) {
      this.#violated(`values of ${name} were quarantined though none was bad for it: ${secrets.join(', ')}`);
    }
    this.#quarantines.add(service, members);
  }

  /** Why a service may be rolled, in truth; `null` where there is no reason. */
  #reasonFor(service: SimulatedService, before: NonNullable<AttemptedRoll['before']>, past: Past): string | null {
    const { truth, provider, timeMs } = this.#run;
    if (service.kind === 'job') {
      this.#violated(`the job ${service.name} was run again`);
      return 'told already';
    }
    const isRequested = this.#isRequested(service.id, past);
    // Its labels may have changed since it was observed.
    const known = [...truth.bindingsOf(service), ...truth.formerBindingsOf(service, timeMs - DECISION_HOLDS_MS)];
    const uses = known.filter(({ isAuto, rotate, isPinned }) => {
      return isAuto || (isRequested && rotate === 'manual' && !isPinned);
    });
    const live = allTasks(service).filter(isAlive);
    const lookedSinceMs = timeMs - 2 * this.#run.settings.intervalMs - 15_000 - timeSlackMs(this.#run);
    const holdsNewest = ({ held }: SimulatedTask) =>
      uses.every(({ name, path }) => held.get(name)?.text === provider.textOf(path));
    const isTwice = live.some(({ id }) => this.#answers.isRequestedTwice(id));
    if (isTwice && live.every(holdsNewest)) return 'asked for twice';
    // It completes what it started, though the labels say by now that it may not start. Its tasks may have failed already.
    const givenBad = past.lastRoll === null ? undefined : past.givenBad.get(past.lastRoll.generation);
    if (known.some(({ name }) => givenBad?.has(name) === true)) return 'its rollout brought a bad value';
    for (const { id, held, state } of live) {
      if (this.#answers.isRequestedTwice(id)) return 'asked for twice';
      for (const { name, path } of uses) {
        const text = held.get(name)?.text;
        if (text === undefined) {
          if (state === 'starting') return 'a task is starting';
          // Swarm forgot the update that was to replace it.
          if (before.status.state === 'none') return 'a task was made before it used the secret';
          continue;
        }
        if (isBadFor(text, service.name)) return 'a task holds a bad value';
        if (text !== provider.textOf(path)) return 'a task holds another value than the newest';
        if (truth.textsSince(path, lookedSinceMs).some((earlier) => earlier !== text)) return 'value changed back';
      }
    }
    const failed = this.#intents.get(`${service.id}@${past.lastRoll?.generation}`)?.state === 'failed';
    if (isRequested && failed) return 'somebody asked for what failed';
    const isGivenUp = ['paused', 'rollback-paused', 'rolled-back', 'rolling-back'].includes(before.status.state);
    return isGivenUp ? 'it was given up' : null;
  }

  /** Whether a request is recent, or was recorded and not carried out yet: nobody may have led since. */
  #isRequested(serviceId: string, { requestedAtMs }: Past): boolean {
    const { timeMs, ledger } = this.#run;
    const isRecorded = (ledger?.services[serviceId]?.requested.length ?? 0) > 0;
    return timeMs - requestedAtMs < REQUEST_HOLDS_MS || (isRecorded && requestedAtMs !== NEVER);
  }

  #openRollout(serviceId: string): OpenRollout | null {
    return this.#run.ledger?.services[serviceId]?.rollout ?? null;
  }

  #describe(service: SimulatedService): string {
    const held = allTasks(service)
      .filter(isAlive)
      .map((task) => `${task.id} ${[...task.held].map(([name, { text }]) => `${name}=${text}`).join(' ')}`);
    return held.join('; ');
  }

  #violated(what: string): void {
    this.#run.say(`VIOLATION ${what}`);
    this.violations.push(what);
  }
}
