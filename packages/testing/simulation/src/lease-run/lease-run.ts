import { AccessGuard, ALLOW_ALL } from '@vault-swarm/provider';
import { Cluster } from '../plugin/cluster.ts';
import type { PortFault, PortName } from '../plugin/fault-injector.ts';
import { SeededRandom } from '../seeded-random.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { simulatedLabels } from '../simulated-labels.ts';
import { SimulatedProvider } from '../simulated-provider.ts';
import { SimulatedSwarm } from '../swarm/simulated-swarm.ts';
import { allTasks } from '../swarm/slots.ts';
import { isAlive, type SimulatedTask } from '../swarm/task.ts';
import { actOnLeases, type LeaseScene } from './lease-actions.ts';
import { LeaseOracle } from './lease-oracle.ts';
import { type LeaseSettings, PATHS, settingsOf, TTL_MS } from './lease-rules.ts';
import { PluginClocks } from './plugin-clocks.ts';
import { storedLeases } from './stored-leases.ts';

/** The result of a run. */
export interface LeaseRunResult {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly lines: readonly string[];
  /** How many credentials were issued, and how many updates of services there were. */
  readonly issued: number;
  readonly updates: number;
  /** How many credentials ended under a task for a reason that the plugin could do nothing about. */
  readonly excused: number;
}

const SECOND_MS = 1_000;
const ACTIONS = 16;
/** After each action as much time passes at least. */
const MIN_PAUSE_S = 10;
const REVOKE_AFTER_MS = 30_000;

/**
 * A random run of services with leased secrets, on one or three managers, with crashes between any two calls. Its
 * {@link LeaseOracle} checks promise 8.
 */
export class LeaseRun {
  readonly #seed: number;
  readonly #random: SeededRandom;
  readonly #clock = new SimulatedClock();
  readonly #settings: LeaseSettings;
  readonly #provider: SimulatedProvider;
  readonly #swarm: SimulatedSwarm;
  readonly #cluster: Cluster;
  readonly #oracle: LeaseOracle;
  readonly #scene: LeaseScene;
  readonly #lines: string[] = [];
  readonly #startMs: number;
  /** By manager: how often its plugin was started. */
  readonly #lives = new Map<string, number>();
  readonly #clocks = new PluginClocks();
  #isCalm = false;
  #secretIds: string[] = [];
  #services = 0;

  constructor(seed: number) {
    const random = new SeededRandom(seed);
    const clock = this.#clock;
    this.#seed = seed;
    this.#random = random;
    this.#startMs = clock.now();
    const settings = settingsOf(random);
    this.#settings = settings;
    this.#provider = new SimulatedProvider(() => clock.now());
    const { leases } = this.#provider;
    leases.rules = settings.rules;
    this.#swarm = new SimulatedSwarm(clock, {
      nodes: [...settings.managers, 'w1'],
      fails: (task) => this.#fails(task),
      ask: (task, secret) => this.#cluster.ask(task, secret),
    });
    this.#cluster = this.#makeCluster(settings, seed);
    this.#oracle = new LeaseOracle({
      ...{ settings, leases },
      services: () => this.#swarm.services,
      monotonic: () => clock.monotonic(),
      accounts: () => this.#swarm.leaseAccounts.text,
      leadingProcess: () => {
        const { leader } = this.#cluster;
        return leader === null ? null : this.#lifeOf(leader);
      },
      aheadMs: (process) => this.#clocks.aheadMs(process),
      isDisturbed: () => this.#isDisturbed(),
    });
    this.#scene = {
      ...{ random, clock, settings, provider: this.#provider, swarm: this.#swarm, cluster: this.#cluster },
      oracle: this.#oracle,
      addService: () => this.#addService(),
      restartLater: (manager) => this.#restartLater(manager),
    };
    this.#say(JSON.stringify(settings));
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
    for (const manager of this.#settings.managers) this.#cluster.start(manager);
    await this.#pass(2);
    this.#say(this.#addService());
    for (let count = 0; count < ACTIONS && !this.#hasFailed; count++) {
      const said = actOnLeases(this.#scene);
      if (said !== null) this.#say(said);
      await this.#pass(MIN_PAUSE_S + this.#random.between(0, 100));
    }
    await this.#end();
    const { issued } = this.#provider.leases;
    const { problems, excused } = this.#oracle;
    const updates = this.#swarm.updates.length;
    return { seed: this.#seed, problems: [...problems], lines: this.#lines, issued, updates, excused };
  }

  /** All is healthy again: services get time to settle, and then all are removed. */
  async #end(): Promise<void> {
    if (this.#hasFailed) return;
    this.#isCalm = true;
    this.#say('all is healthy');
    this.#healAll();
    await this.#pass(2.5 * (TTL_MS / SECOND_MS));
    this.#judge(() => this.#oracle.checkAccounts());
    for (const { id } of this.#swarm.services) this.#swarm.removeService(id);
    this.#say('all services are removed');
    const { holderPeriodMs, mayHold, loginTtlMs } = this.#settings.rules;
    await this.#clock.advance(2 * REVOKE_AFTER_MS + 60_000);
    this.#judge(() => this.#oracle.checkRemoved());
    // What nobody accounted for ends with its holder, or with its own time.
    await this.#clock.advance(mayHold ? holderPeriodMs : Math.min(loginTtlMs, TTL_MS));
    this.#judge(() => this.#oracle.checkOver());
  }

  get #hasFailed(): boolean {
    return this.#oracle.problems.size > 0;
  }

  #healAll(): void {
    const { leases } = this.#provider;
    this.#provider.outage = null;
    leases.refuses = () => null;
    leases.issuesBad = false;
    for (const { id, spec } of this.#swarm.services)
      if (spec.image === 'broken') this.#swarm.post(id, { image: 'good' });
    for (const { id } of this.#swarm.services) this.#swarm.setStartFault(id, null);
    for (const name of this.#settings.managers) {
      const manager = this.#cluster.manager(name);
      Object.assign(manager, { isPartitioned: false, believes: null, sees: null, clockOffsetMs: 0 });
      if (manager.process === null) this.#cluster.start(name);
    }
    if (this.#cluster.leader === null) this.#cluster.setLeader(this.#settings.managers[0] ?? null);
  }

  /** Lets time pass, and looks every second. */
  async #pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds && !this.#hasFailed; second++) {
      await this.#clock.advance(SECOND_MS);
      for (const manager of this.#settings.managers) this.#lookAtClock(manager);
      this.#judge(() => this.#oracle.check());
    }
  }

  #judge(check: () => void): void {
    const had = this.#hasFailed;
    check();
    if (had || !this.#hasFailed) return;
    this.#say(`VIOLATION: ${[...this.#oracle.problems].join('; ')}\n${this.#describe()}`);
  }

  /** Without a leader that has a plugin which sees the Swarm and the provider, nothing can be replaced. */
  #isDisturbed(): boolean {
    const { leader } = this.#cluster;
    const { outage, leases } = this.#provider;
    if (leader === null || outage !== null || leases.issuesBad) return true;
    const { process, isPartitioned, sees, clockOffsetMs } = this.#cluster.manager(leader);
    const isRefused = (['issue', 'renew', 'hold'] as const).some((operation) => leases.refuses(operation) !== null);
    // A call that started while there was no leader may hang until the deadline of its pass.
    const isHeldUp = process === null || process.isHanging || isPartitioned;
    return isHeldUp || sees !== null || isRefused || clockOffsetMs !== 0;
  }

  /** A container does not go on that was made from a broken image, or got what the database does not accept. */
  #fails({ isBroken, held }: SimulatedTask): boolean {
    const isBad = ({ text }: { readonly text: string }) => this.#provider.leases.leases.get(text)?.isBad === true;
    return isBroken || [...held.values()].some(isBad);
  }

  #makeCluster(settings: LeaseSettings, seed: number): Cluster {
    const { managers, intervalMs, maxSets, issuesPerHour, faultChance } = settings;
    const random = this.#random;
    return new Cluster({
      ...{ managers, clock: this.#clock, provider: this.#provider, swarm: this.#swarm, labels: simulatedLabels },
      access: new AccessGuard(ALLOW_ALL),
      settings: {
        enabled: true,
        intervalMs,
        policy: { maxParallel: 5, maxParallelLimit: 50, stuckAfterMs: 600_000, onFailure: 'rollback' },
        leases: { revokeAfterMs: REVOKE_AFTER_MS, maxSets, issuesPerHour },
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
      isPreempted: () => !this.#isCalm && random.chance(faultChance),
      tornMs: () => 0,
      hints: () => random.between(0, 2),
      onEvent: (manager, event) => {
        this.#lookAtClock(manager);
        this.#judge(() => this.#oracle.happened(this.#lifeOf(manager), event));
        const isQuiet = event.type === 'lease.renewed' || event.type === 'lease.already-delivered';
        if (event.type.startsWith('lease.') && !isQuiet)
          this.#say(`  ${manager} ${JSON.stringify({ ...event, atMs: undefined })}`);
      },
      onLeaderChange: () => undefined,
      onStart: (manager) => {
        this.#lives.set(manager, (this.#lives.get(manager) ?? 0) + 1);
      },
      onDeath: (manager) => {
        this.#oracle.died();
        this.#say(`${manager} dies`);
      },
      onRoll: ({ serviceId, generation }, outcome) => this.#say(`  roll ${serviceId}@${generation}: ${outcome}`),
      onAnswer: () => undefined,
      onLedger: () => undefined,
      onLedgerNotWritten: () => undefined,
    });
  }

  /** Names the present life of the plugin of a manager. */
  #lifeOf(manager: string): string {
    return `${manager}/${this.#lives.get(manager) ?? 0}`;
  }

  #lookAtClock(manager: string): void {
    this.#clocks.look(this.#lifeOf(manager), this.#cluster.manager(manager).clockOffsetMs);
  }

  #interfere(manager: string, port: PortName): PortFault | null {
    const random = this.#random;
    if (this.#isCalm || !random.chance(this.#settings.faultChance)) return null;
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
    if (port === 'provider.issue' || port === 'provider.createHolder') this.#oracle.lost();
    else this.#oracle.disturb();
    this.#say(`  ${manager} ${port}: ${JSON.stringify(fault)}`);
    if (fault.kills !== undefined) this.#restartLater(manager);
    return fault;
  }

  #restartLater(manager: string): void {
    this.#clock.after(this.#random.between(100, 8_000), () => {
      if (this.#cluster.manager(manager).process === null) this.#cluster.start(manager);
    });
  }

  #addService(): string {
    const random = this.#random;
    this.#services += 1;
    const name = `service-${this.#services}`;
    const secrets = random.chance(0.5) ? this.#secretIds : this.#secretIds.slice(0, 2);
    this.#swarm.addService(name, random.between(1, 3), secrets, {
      update: {
        onFailure: random.pick(['pause', 'rollback']),
        order: random.pick(['stop-first', 'start-first']),
        parallelism: random.between(0, 2),
      },
    });
    return `the user creates ${name}`;
  }

  /** The tasks with what they have, and the accounts, for a failed run. */
  #describe(): string {
    const tasks = this.#swarm.services.flatMap((service) =>
      allTasks(service)
        .filter(isAlive)
        .map(({ id, generation, state, held }) => {
          const has = [...held.values()].map(({ text }) => text).join(', ');
          return `    ${service.name} ${service.status.state}: ${id}@${generation} ${state} has ${has}`;
        }),
    );
    const { sets } = storedLeases(this.#swarm.leaseAccounts.text);
    return [...tasks, ...sets.map((set) => `    ${JSON.stringify(set)}`)].join('\n');
  }

  #say(line: string): void {
    this.#lines.push(`${((this.#clock.now() - this.#startMs) / 1_000).toFixed(3).padStart(9)} ${line}`);
  }
}
