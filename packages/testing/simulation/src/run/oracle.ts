import type { TimedEvent } from '@vault-swarm/provider';
import type { RequestedService, WriteOutcome } from '@vault-swarm/rotation';
import { type OpenRollout, parseLedger } from '@vault-swarm/rotation/ledger-format';
import { isBadFor } from '../failing.ts';
import type { AttemptedRoll, DriverAnswer } from '../plugin/cluster.ts';
import type { SimulatedService } from '../swarm/service.ts';
import { allTasks } from '../swarm/slots.ts';
import { isAlive, type SimulatedTask } from '../swarm/task.ts';
import { AppliedUpdates } from './applied-updates.ts';
import { DeliveryOracle } from './delivery-oracle.ts';
import { Fairness } from './fairness.ts';
import { LeadershipOracle } from './leadership-oracle.ts';
import { LedgerSize } from './ledger-size.ts';
import { ManualRequests } from './manual-requests.ts';
import { NewestDelivered } from './newest-delivered.ts';
import { OverlookedChanges } from './overlooked-changes.ts';
import { QuarantinedValues } from './quarantined-values.ts';
import { isRecorded } from './recorded-secrets.ts';
import { restoredValue } from './restored-values.ts';
import { RolloutTruth } from './rollout-truth.ts';
import type { RunContext } from './run-context.ts';
import { type ServicePast, ServicePasts } from './service-past.ts';
import { StartedRollouts } from './started-rollouts.ts';
import { StatusTruth } from './status-truth.ts';
import { timeSlackMs } from './time-slack.ts';
import { type ToleratedAnomaly, UsedAllowances } from './tolerated-anomalies.ts';

/** An answer of the driver takes no longer. */
const DEADLINE_MS = 2_000;

/** Messages of passes that were cut off, or met an outside that failed. */
const EXPECTED_FAILURE = /^not done within|did not answer|cut off|stopped/;

/** Watches what the plugins do, and knows from the truth whether they may. */
export class Oracle {
  readonly #run: RunContext;
  readonly #onViolation: (what: string) => void;
  readonly violations: string[] = [];
  readonly #pasts = new ServicePasts();
  /** Every rollout that was ever written into the ledger, by `service@generation`: its latest attempt. */
  readonly #intents = new Map<string, OpenRollout>();
  readonly #answers = new DeliveryOracle();
  readonly leadership: LeadershipOracle;
  readonly allowances = new UsedAllowances();
  readonly #quarantines: QuarantinedValues;
  readonly #newest: NewestDelivered;
  readonly #updates: AppliedUpdates;
  readonly overlooked: OverlookedChanges;
  readonly #started: StartedRollouts;
  readonly #ledgerSize: LedgerSize;
  readonly #fairness: Fairness;
  readonly #status: StatusTruth;
  readonly rollouts: RolloutTruth;
  readonly manual: ManualRequests;
  #isLedgerLost = false;
  #ledgerLostAtMs = Number.NEGATIVE_INFINITY;
  /** The services of which the ledger has not recorded every secret since it was lost. */
  readonly #unrecorded = new Set<string>();
  completed = 0;
  quarantines = 0;

  /** @param onViolation called for each violation, before it is recorded. */
  constructor(run: RunContext, onViolation: (what: string) => void) {
    this.#run = run;
    this.#onViolation = onViolation;
    this.#quarantines = new QuarantinedValues(run);
    this.#newest = new NewestDelivered(run);
    this.overlooked = new OverlookedChanges(run, this.#pasts);
    this.rollouts = new RolloutTruth(run);
    this.manual = new ManualRequests(run);
    this.leadership = new LeadershipOracle(run);
    this.#started = new StartedRollouts(run, this);
    this.#updates = new AppliedUpdates(run, {
      ...{ pasts: this.#pasts, answers: this.#answers, leadership: this.leadership, allowances: this.allowances },
      ...{ started: this.#started, intents: this.#intents },
    });
    this.#ledgerSize = new LedgerSize(run, this.leadership, (id) => this.pastOf(id).touchedAtMs);
    this.#fairness = new Fairness(run, this.leadership);
    this.#status = new StatusTruth(run, this);
  }

  /** How many updates of the plugins were applied. */
  get rolls(): number {
    return this.#updates.count;
  }

  /** What is known of a service's past. */
  pastOf(serviceId: string): ServicePast {
    return this.#pasts.of(serviceId);
  }

  /** A user posted something for a service. */
  touched(serviceId: string): void {
    this.pastOf(serviceId).touchedAtMs = this.#run.timeMs;
    this.#updates.touched(serviceId);
  }

  /** A user rolled the service back. */
  rolledBack(service: SimulatedService): void {
    this.touched(service.id);
    this.#updates.rolledBack(service);
  }

  /** Something changed in the Swarm. */
  changed(): void {
    this.rollouts.changed();
    this.#updates.changed();
  }

  /** A user posted the spec of a service again, which resumes its paused update. Its tasks are made from the same. */
  resumed(serviceId: string): void {
    this.#updates.touched(serviceId);
    this.#started.resumed(serviceId);
  }

  /** An update stops a task to replace it. */
  stopping(service: SimulatedService, task: SimulatedTask): void {
    for (const what of this.#updates.stopping(service, task)) this.#violated(what);
  }

  /** Somebody asked for a manual rotation. */
  requested(serviceIds: readonly string[]): void {
    for (const id of serviceIds) this.pastOf(id).requestedAtMs = this.#run.timeMs;
    this.#quarantines.lift(serviceIds);
    this.rollouts.forgets(serviceIds);
  }

  /** A plugin accepted a manual rotation that it was asked for. */
  requestAccepted(answer: readonly RequestedService[], serviceIds: readonly string[], askedAtMs: number): void {
    for (const what of this.manual.accepted(answer, serviceIds, askedAtMs)) this.#violated(what);
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
      this.#ledgerLostAtMs = this.#run.timeMs;
      const ids = swarm.services.map(({ id }) => id);
      this.#quarantines.lift(ids);
      this.rollouts.forgets(ids);
      this.#ledgerSize.forgets();
      this.manual.forgets();
      this.#started.forgets();
      this.#updates.forgets();
      this.overlooked.ledgerLost();
    }
    for (const service of swarm.services) {
      this.allowService(service.id, anomaly);
      // A value that was written again since counts as newer then, since its bytes can't be compared.
      if (anomaly !== 'ledger lost' || !provider.abilities.tellsTime) continue;
      const { doubtful } = this.pastOf(service.id);
      for (const { id } of allTasks(service).filter(isAlive)) doubtful.set(id, anomaly);
    }
  }

  /** What was overlooked of these paths has changed, and is known to have. */
  overlookedChanged(paths: ReadonlySet<string>): void {
    this.#answers.everythingChanged();
    this.overlooked.changed(paths);
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

  /** An update of a plugin arrived at the Swarm. */
  rolled(roll: AttemptedRoll, outcome: WriteOutcome): void {
    for (const what of this.#updates.rolled(roll, outcome)) this.#violated(what);
  }

  /** Whether it may not be known what the running tasks of a service have, or that a value of it changed. */
  isDoubtful(service: SimulatedService): boolean {
    const uses = this.#run.truth.bindingsOf(service);
    const isOverlooked = uses.some(({ path }) => this.overlooked.why(service.id, path) !== null);
    return isOverlooked || this.#updates.isDoubtful(service);
  }

  /** The ledger was written: whatever is rolled has to have been in it. */
  ledgerWritten(manager: string, text: string): void {
    this.#newest.ledgerWritten(text);
    this.overlooked.ledgerWritten();
    // What changed before it records a secret again was not seen by any process either.
    if (this.#isLedgerLost) for (const { id } of this.#run.swarm.services) this.#unrecorded.add(id);
    this.#isLedgerLost = false;
    for (const id of this.#unrecorded) this.allowService(id, 'ledger lost');
    for (const service of this.#run.swarm.services) {
      if (isRecorded(this.#run, service)) this.#unrecorded.delete(service.id);
    }
    for (const what of this.#started.written(manager, text)) this.#violated(what);
    for (const what of this.#ledgerSize.written(text)) this.#violated(what);
    this.rollouts.forgetUnused();
    for (const [id, entry] of Object.entries(parseLedger(text)?.services ?? {})) {
      const { rollout, quarantines } = entry;
      const service = this.#run.swarm.services.find((candidate) => candidate.id === id);
      const wrong = service === undefined ? null : this.rollouts.written(service, entry);
      if (wrong !== null) this.#violated(wrong);
      if (rollout === null) continue;
      this.#updates.written(id, rollout);
      const intent = `${id}@${rollout.generation}`;
      const isKnown = this.#intents.has(intent);
      this.#intents.set(intent, rollout);
      if (isKnown) continue;
      if (quarantines.length === 0) this.#checkBroughtBack(id, rollout);
    }
  }

  /** What a plugin planned is not in the ledger, so that nothing of it is carried out. */
  ledgerNotWritten(manager: string): void {
    this.#fairness.notCarriedOut(manager);
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
    const { clockOffsetMs } = cluster.manager(manager);
    const taskMadeMs = clock.now() + clockOffsetMs - task.createdAtMs;
    if (task.state === 'running' && !this.#answers.isBy(task.id, manager)) {
      // By a clock that is behind, the task was made after this manager was first asked.
      if (taskMadeMs <= this.leadership.asked(manager) + 1_000) this.#answers.isNoEvidence(task.id);
    }
    if (task.state !== 'starting') return;
    // A process that has not read the new ledger yet has the digest of what it gives by the key of the lost one. So a
    // value that was written again counts as newer, if the provider tells the times.
    const readWithinMs = settings.intervalMs + 2_000 + timeSlackMs(this.#run);
    if (this.#run.provider.abilities.tellsTime && timeMs - this.#ledgerLostAtMs < readWithinMs) {
      this.pastOf(task.serviceId).doubtful.set(task.id, 'ledger lost');
    }
    if (this.leadership.isApart(manager)) this.leadsAnew();
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
    if (event.type === 'rollout.conflict') this.#fairness.notCarriedOut(manager);
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
    if (event.type === 'rollout.failed' && event.reason === 'rejected') {
      const rejected = this.#run.swarm.services.find(({ name }) => name === event.service);
      if (rejected !== undefined) this.#updates.rejected(rejected.id);
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
    // Its tasks were given a bad value of a further secret, whose labels name another path since the rollout started.
    const relabelled = truth
      .formerBindingsOf(service, lastRoll?.timeMs ?? 0)
      .filter((use) => !secrets.includes(use.name));
    const hasBad = ({ held }: SimulatedTask) =>
      relabelled.some((use) => isBadFor(held.get(use.name)?.text ?? '', name));
    if (allTasks(service).some(hasBad)) tolerated.set('broken before', this.#run.timeMs);
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

  #openRollout(serviceId: string): OpenRollout | null {
    return this.#run.ledger?.services[serviceId]?.rollout ?? null;
  }

  #violated(what: string): void {
    this.#onViolation(what);
    this.#run.say(`VIOLATION ${what}`);
    this.violations.push(what);
  }
}
