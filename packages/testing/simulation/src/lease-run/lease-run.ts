import { AccessGuard, ALLOW_ALL, ProviderError } from '@vault-swarm/provider';
import { Cluster } from '../plugin/cluster.ts';
import type { PortFault, PortName } from '../plugin/fault-injector.ts';
import { SeededRandom } from '../seeded-random.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { simulatedLabels } from '../simulated-labels.ts';
import { SimulatedProvider } from '../simulated-provider.ts';
import type { SimulatedService } from '../swarm/service.ts';
import { SimulatedSwarm } from '../swarm/simulated-swarm.ts';

/** The result of a run. */
export interface LeaseRunResult {
  readonly problems: readonly string[];
  readonly lines: readonly string[];
  /** How many credentials were issued, and how many rollouts there were. */
  readonly issued: number;
  readonly updates: number;
}

const SECOND_MS = 1_000;
const TTL_MS = 300_000;
const ACTIONS = 40;
/** After each action as much time passes at least: so what happens leaves time for a renewal in between. */
const MIN_PAUSE_S = 20;
const REVOKE_AFTER_MS = 30_000;
const PATHS = ['database/creds/shop', 'database/creds/report'];
/** A task that was just stopped, and the second in which its successor starts. */
const STEP_MS = 1_000;

/**
 * A random run of services with leased secrets, on one or three managers, with crashes between any two calls. It checks
 * that no credential ends under a running task, that user name and password belong together, that few credentials are
 * issued, and that none is left behind.
 */
export class LeaseRun {
  readonly #random: SeededRandom;
  readonly #clock = new SimulatedClock();
  readonly #provider: SimulatedProvider;
  readonly #swarm: SimulatedSwarm;
  readonly #cluster: Cluster;
  readonly #managers: readonly string[];
  readonly #problems = new Set<string>();
  readonly #lines: string[] = [];
  readonly #faultChance: number;
  readonly #startMs: number;
  /** Each service and generation that ever had a task, with its number of lease keys. */
  readonly #generations = new Map<string, number>();
  /** What may cost one more issue: a process that ended, a call without an answer, a new leader. */
  #excuses = 0;
  #isCalm = false;
  #secretIds: string[] = [];
  #services = 0;

  constructor(seed: number) {
    const random = new SeededRandom(seed);
    const clock = this.#clock;
    this.#random = random;
    this.#startMs = clock.now();
    this.#managers = random.chance(0.5) ? ['m1'] : ['m1', 'm2', 'm3'];
    this.#faultChance = random.pick([0, 0.003, 0.01, 0.03]);
    this.#provider = new SimulatedProvider(() => clock.now());
    const { leases } = this.#provider;
    const maxTtlMs = random.pick([TTL_MS, 3 * TTL_MS, 10 * TTL_MS]);
    leases.rules = {
      ttlMs: TTL_MS,
      maxTtlMs,
      renewable: maxTtlMs > TTL_MS,
      holderPeriodMs: random.pick([TTL_MS, 4 * TTL_MS]),
      mayHold: random.chance(0.85),
      loginTtlMs: random.pick([2 * TTL_MS, 20 * TTL_MS]),
    };
    this.#swarm = new SimulatedSwarm(clock, {
      nodes: [...this.#managers, 'w1'],
      fails: () => false,
      ask: (task, secret) => this.#cluster.ask(task, secret),
    });
    this.#cluster = new Cluster({
      ...{ managers: this.#managers, clock, provider: this.#provider, swarm: this.#swarm, labels: simulatedLabels },
      access: new AccessGuard(ALLOW_ALL),
      settings: {
        enabled: true,
        intervalMs: 5_000,
        policy: { maxParallel: 5, maxParallelLimit: 50, stuckAfterMs: 600_000, onFailure: 'rollback' },
        leases: { revokeAfterMs: REVOKE_AFTER_MS, maxSets: 500, issuesPerHour: 100 },
        digestKey: null,
      },
      limits: {
        deadlineMs: 2_000,
        cacheMaxAgeMs: 10_000,
        staleIfErrorMs: 86_400_000,
        staleIfUnauthenticatedMs: 3_600_000,
        cache: { maxRevisions: 100, maxBytes: 1_000_000 },
      },
      random: new SeededRandom(seed + 0x717e),
      interfere: (manager, port) => this.#interfere(manager, port),
      isPreempted: () => !this.#isCalm && random.chance(this.#faultChance),
      tornMs: () => 0,
      hints: () => random.between(0, 2),
      onEvent: (manager, event) => {
        if (
          event.type.startsWith('lease.') &&
          event.type !== 'lease.renewed' &&
          event.type !== 'lease.already-delivered'
        )
          this.#say(`  ${manager} ${JSON.stringify({ ...event, atMs: undefined })}`);
      },
      onLeaderChange: () => undefined,
      onStart: () => undefined,
      onDeath: (manager) => {
        this.#excuses += 1;
        this.#say(`${manager} dies`);
      },
      onRoll: ({ serviceId, generation }, outcome) => this.#say(`  roll ${serviceId}@${generation}: ${outcome}`),
      onAnswer: () => undefined,
      onLedger: () => undefined,
      onLedgerNotWritten: () => undefined,
    });
    this.#say(`${this.#managers.length} managers, faults ${this.#faultChance}, ${JSON.stringify(leases.rules)}`);
  }

  /** Runs it to its end. */
  async execute(): Promise<LeaseRunResult> {
    for (const path of PATHS) {
      const labels = { vault_path: path, vault_lease: 'service' };
      this.#secretIds.push(
        this.#swarm.addSecret(`user of ${path}`, { ...labels, vault_field: 'username' }),
        this.#swarm.addSecret(`password of ${path}`, { ...labels, vault_field: 'password' }),
      );
    }
    for (const manager of this.#managers) this.#cluster.start(manager);
    await this.#pass(2);
    this.#addService();
    for (let count = 0; count < ACTIONS && this.#problems.size === 0; count++) {
      await this.#act();
      await this.#pass(MIN_PAUSE_S + this.#random.between(0, 100));
    }
    await this.#end();
    const { issued } = this.#provider.leases;
    return { problems: [...this.#problems], lines: this.#lines, issued, updates: this.#swarm.updates.length };
  }

  /** All is healthy again: services get time to settle, and then all are removed. */
  async #end(): Promise<void> {
    if (this.#problems.size > 0) return;
    this.#isCalm = true;
    this.#say('all is healthy');
    this.#healAll();
    await this.#pass(2 * (TTL_MS / SECOND_MS));
    this.#checkIssues();
    for (const { id } of this.#swarm.services) this.#swarm.removeService(id);
    this.#say('all services are removed');
    const { holderPeriodMs, mayHold, loginTtlMs } = this.#provider.leases.rules;
    await this.#clock.advance(2 * REVOKE_AFTER_MS + 60_000);
    // What nobody accounted for ends with its holder, or with its own time.
    const unknownMs = mayHold ? holderPeriodMs : Math.min(loginTtlMs, TTL_MS);
    const left = this.#provider.leases.valid;
    if (left.length > this.#excuses)
      this.#violated(`${left.length} credentials are left behind after ${this.#excuses} crashes`);
    await this.#clock.advance(unknownMs);
    for (const { id } of this.#provider.leases.valid) this.#violated(`${id} is left behind`);
  }

  #healAll(): void {
    this.#provider.outage = null;
    for (const manager of this.#managers)
      if (this.#cluster.manager(manager).process === null) this.#cluster.start(manager);
    if (this.#cluster.leader === null) this.#cluster.setLeader(this.#managers[0] ?? null);
  }

  /** Lets time pass, and looks every second. */
  async #pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds && this.#problems.size === 0; second++) {
      await this.#clock.advance(STEP_MS);
      this.#check();
    }
  }

  #check(): void {
    for (const service of this.#swarm.services) {
      for (const task of this.#swarm.runningTasks(service.id)) {
        this.#generations.set(`${service.id}@${task.generation}`, this.#keysOf(service));
        for (const path of PATHS) {
          const user = task.held.get(`user of ${path}`)?.text;
          const password = task.held.get(`password of ${path}`)?.text;
          if (user === undefined) continue;
          if (password !== `password of ${user}`) this.#violated(`${task.id} has ${user} with ${password}`);
          if (!this.#provider.leases.isValid(user)) this.#violated(`${user} ended under ${task.id} of ${service.name}`);
        }
      }
    }
  }

  #keysOf({ spec }: SimulatedService): number {
    return spec.secretIds.length / 2;
  }

  #checkIssues(): void {
    const allowed = [...this.#generations.values()].reduce((sum, keys) => sum + keys, 0);
    const { issued } = this.#provider.leases;
    // A generation that was prepared and never started costs its issue too.
    if (issued > allowed + this.#swarm.updates.length * 0 + this.#excuses * 4 + this.#services * 2 + 4)
      this.#violated(`${issued} credentials for ${allowed} generations and ${this.#excuses} excuses`);
  }

  #interfere(manager: string, port: PortName): PortFault | null {
    const random = this.#random;
    if (this.#isCalm || !random.chance(this.#faultChance)) return null;
    const isWrite = port === 'roll' || port.endsWith('.write') || port.startsWith('provider.');
    const fault = random.pick<PortFault>([
      { fails: 'not-applied' },
      { fails: 'applied' },
      { afterMs: 1_500 },
      { beforeMs: 800 },
      { kills: 'before' },
      { kills: 'after' },
    ]);
    if (!isWrite && fault.kills === undefined && fault.fails === 'applied') return null;
    this.#excuses += 1;
    this.#say(`  ${manager} ${port}: ${JSON.stringify(fault)}`);
    if (fault.kills !== undefined) this.#restartLater(manager);
    return fault;
  }

  #restartLater(manager: string): void {
    this.#clock.after(this.#random.between(100, 8_000), () => {
      if (this.#cluster.manager(manager).process === null) this.#cluster.start(manager);
    });
  }

  async #act(): Promise<void> {
    const random = this.#random;
    const services = this.#swarm.services;
    const service = services.length === 0 ? undefined : random.pick(services);
    const actions: (() => string | null)[] = [
      () => 'nothing',
      () => 'nothing',
      () => (services.length < 3 ? this.#addService() : null),
      () => this.#kill(),
      () => this.#kill(),
      () => this.#changeLeader(),
      () => this.#outage(),
      () => {
        this.#swarm.askAgain();
        return 'all tasks ask again';
      },
      () => service && this.#on(service, 'forces', () => this.#swarm.forceUpdate(service.id)),
      () => service && this.#on(service, 'deploys', () => this.#swarm.changeSpec(service.id)),
      () =>
        service && this.#on(service, 'scales', () => this.#swarm.post(service.id, { replicas: random.between(0, 4) })),
      () =>
        service && random.chance(0.5)
          ? this.#on(service, 'removes', () => this.#swarm.removeService(service.id))
          : null,
      () => (service && this.#swarm.rollBack(service.id) ? `the user rolls ${service.name} back` : null),
    ].map((action) => () => action() ?? null);
    const said = random.pick(actions)();
    if (said !== null) this.#say(said);
  }

  #on({ name }: SimulatedService, what: string, act: () => void): string {
    act();
    return `the user ${what} ${name}`;
  }

  #addService(): string {
    this.#services += 1;
    const name = `service-${this.#services}`;
    const secrets = this.#random.chance(0.5) ? this.#secretIds : this.#secretIds.slice(0, 2);
    this.#swarm.addService(name, this.#random.between(1, 3), secrets);
    return `the user creates ${name}`;
  }

  #kill(): string | null {
    const manager = this.#random.pick(this.#managers);
    const { process } = this.#cluster.manager(manager);
    if (process === null) return null;
    process.kill();
    this.#restartLater(manager);
    return `${manager} is killed`;
  }

  #changeLeader(): string | null {
    const next = this.#random.pick(this.#managers);
    if (next === this.#cluster.leader || this.#cluster.leader === null) return null;
    this.#excuses += 1;
    this.#cluster.setLeader(null);
    this.#clock.after(this.#random.between(1_000, 12_000), () => this.#cluster.setLeader(next));
    return `${next} will lead`;
  }

  /** Less than a third of the time of a lease, less what a renewal takes. */
  #outage(): string | null {
    if (this.#provider.outage !== null) return null;
    this.#provider.outage = new ProviderError('UNAVAILABLE', 'the provider is away');
    this.#clock.after(this.#random.between(1_000, 60_000), () => {
      this.#provider.outage = null;
    });
    return 'the provider is away';
  }

  #violated(problem: string): void {
    if (this.#problems.size === 0) this.#say(`VIOLATION: ${problem}\n${this.#describe()}`);
    this.#problems.add(problem);
  }

  /** The leader's view, for a failed run. */
  #describe(): string {
    const { leader } = this.#cluster;
    const status = leader === null ? null : this.#cluster.manager(leader).process?.rotation.status();
    const tasks = this.#swarm.snapshot().services.map(({ name, rollout, tasks: all }) => {
      const shown = all.map(({ id, generation, state }) => `${id}@${generation} ${state}`);
      return `${name} ${rollout.state}: ${shown.join(', ')}`;
    });
    return JSON.stringify({ tasks, services: status?.services, accounts: this.#swarm.leaseAccounts.text }, null, 1);
  }

  #say(line: string): void {
    this.#lines.push(`${((this.#clock.now() - this.#startMs) / 1_000).toFixed(3).padStart(9)} ${line}`);
  }
}
