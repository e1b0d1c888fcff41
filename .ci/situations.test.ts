// 46 situations: for each, what the API says, and what the command line and the dashboard show of it. The rotation is the
// real one on a simulated Swarm and provider; the monitoring port and the command line are real.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../apps/cli/src/testing/run.ts';
import { detailOf, healthOf } from '../apps/dashboard/src/state/health.ts';
import { hasServiceProblem } from '../apps/dashboard/src/state/services-view.ts';
import { dockerAdvice } from '../packages/adapters/docker/src/config.ts';
import type { Overview, Services } from '../packages/adapters/http/src/api/index.ts';
import { type Fixture, figures, startFixture } from '../packages/adapters/http/src/testing/monitoring-fixture.ts';
import { type DatedProblem, knownProblems, ProblemAges, ProviderStats } from '../packages/core/metrics/src/index.ts';
import { ProviderError } from '../packages/core/provider/src/index.ts';
import type { RotationStatus } from '../packages/core/rotation/src/index.ts';
import { World } from '../packages/testing/simulation/src/index.ts';

/** What is shown, in each place. */
interface Shown {
  readonly overview: Overview;
  readonly services: Services['services'];
  readonly status: string;
  readonly list: string;
}

/** A world with the secret `db` (value `good 1`) and the service `web` of two tasks, which have run for a while. */
class Situation {
  readonly world: World;
  readonly db: string;
  readonly web: string;
  /** Whether reconcile passes complete. */
  tickerHealthy = true;

  constructor(
    labels: Readonly<Record<string, string>>,
    settings: ConstructorParameters<typeof World>[0],
    replicas: number,
  ) {
    this.world = new World(settings);
    this.world.swarm.advice = dockerAdvice;
    this.world.provider.write('db', 'good 1');
    this.db = this.world.swarm.addSecret('db', labels);
    this.web = this.world.addService('web', replicas, [this.db]);
  }

  async start(): Promise<void> {
    this.world.start();
    await this.world.run(40_000);
  }
}

let current: { status: RotationStatus; problems: readonly DatedProblem[]; tickerHealthy: boolean };
let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture(
    {},
    {
      status: () => current.status,
      problems: () => current.problems,
      figures: () => ({ ...figures, tickerHealthy: current.tickerHealthy }),
    },
  );
});
afterAll(() => fixture.server.close());

async function show({ world, tickerHealthy }: Situation): Promise<Shown> {
  const status = world.rotation.status();
  const providers = new ProviderStats(world.clock, ['vault']).summaries();
  const problems = knownProblems({
    rotation: status.problems,
    providers,
    tickerHealthy,
    orchestrator: { advice: dockerAdvice },
  });
  current = { status, problems: new ProblemAges().date(problems, world.clock.now()), tickerHealthy };
  const json = async (path: string) => JSON.parse((await fixture.ask(path)).body);
  const env = { VAULT_SWARM_URL: fixture.server.address ?? '' };
  const text = async (command: string) => (await run([command], { env, columns: 400 })).stdout;
  const { services } = (await json('/api/v1/services')) as Services;
  const overview = (await json('/api/v1/overview')) as Overview;
  return { overview, services, status: await text('status'), list: await text('services') };
}

/** What is broken, and what must be shown of it. */
interface Expected {
  readonly labels?: Readonly<Record<string, string>>;
  readonly settings?: ConstructorParameters<typeof World>[0];
  readonly replicas?: number;
  readonly arrange?: (situation: Situation) => Promise<void> | void;
  /** For how long it is broken, in milliseconds; the default is 30 s. */
  readonly forMs?: number;
  /** The code of the state of `web`; `null` if it is not listed. */
  readonly state: string | null;
  /** In the state's message. */
  readonly message?: RegExp;
  readonly headline: RegExp;
  /** The first problem; `null` if there is none. */
  readonly problem: string | null;
  readonly severity?: 'critical' | 'warning' | 'info';
  /** In the first problem's action. */
  readonly action?: RegExp;
}

const outage = (code: ConstructorParameters<typeof ProviderError>[0], message: string) => (situation: Situation) => {
  situation.world.provider.outage = new ProviderError(code, message);
};
const broken = (kind: 'rejected' | 'pending', reason: string) => (situation: Situation) => {
  const { world, web } = situation;
  world.swarm.setStartFault(web, { kind, reason, refusesUpdates: false });
  for (const _task of world.swarm.runningTasks(web)) world.swarm.loseTask(web, true);
};

const situations: Readonly<Record<string, Expected>> = {
  'all is well': { state: 'current', headline: /^All is well$/, problem: null },
  'a service is scaled to 0': {
    arrange: ({ world, web }) => world.swarm.post(web, { replicas: 0 }),
    state: 'stopped',
    headline: /^All is well$/,
    problem: null,
  },
  'a service is removed': {
    arrange: ({ world, web }) => world.swarm.removeService(web),
    state: null,
    headline: /^All is well$/,
    problem: null,
  },
  'a rollout is on its way': {
    arrange: ({ world }) => void world.provider.write('db', 'good 2'),
    forMs: 1_700,
    state: 'rolling',
    message: /of 2 tasks done/,
    headline: /^Rolling out to 1 service$/,
    problem: null,
  },
  'a rollout has ended': {
    arrange: ({ world }) => void world.provider.write('db', 'good 2'),
    state: 'current',
    headline: /^All is well$/,
    problem: null,
  },
  'a new value makes tasks fail, and the service is rolled back': {
    arrange: ({ world }) => void world.provider.write('db', 'bad 2'),
    forMs: 120_000,
    state: 'held-back',
    message: /^db revision v1, provider has v2 \(quarantined: exit code 1 after 1 s/,
    headline: /^A new value made tasks fail and is quarantined$/,
    problem: 'VALUE_QUARANTINED',
    severity: 'warning',
    action: /Write another value, or fix the service and try this one again: vault-swarm rotate --quarantined/,
  },
  'a new value makes tasks fail, and nothing is rolled back (ROTATION_ON_FAILURE=pause)': {
    settings: { policy: { maxParallel: 5, maxParallelLimit: 5, stuckAfterMs: 600_000, onFailure: 'pause' } },
    arrange: ({ world }) => void world.provider.write('db', 'bad 2'),
    forMs: 120_000,
    // Swarm has paused the update, and goes on to restart the tasks that it made.
    state: 'failing',
    message: /exit code 1/,
    headline: /^A service has no running task$/,
    problem: 'SERVICE_FAILING',
    severity: 'critical',
    action: /docker service ps --no-trunc web/,
  },
  'a newer good value ends the quarantine': {
    arrange: async ({ world }) => {
      world.provider.write('db', 'bad 2');
      await world.run(120_000);
      world.provider.write('db', 'good 3');
    },
    forMs: 60_000,
    state: 'current',
    headline: /^All is well$/,
    problem: null,
  },
  'rotate=manual, and a new value': {
    labels: { vault_path: 'db', rotate: 'manual' },
    arrange: ({ world }) => void world.provider.write('db', 'good 2'),
    state: 'waiting-manual',
    message: /^db has a new value$/,
    headline: /^All is well$/,
    problem: null,
  },
  'rotate=off, and a new value': {
    labels: { vault_path: 'db', rotate: 'off' },
    arrange: ({ world }) => void world.provider.write('db', 'good 2'),
    state: 'outdated',
    headline: /^All is well$/,
    problem: null,
  },
  'the rotation is turned off': {
    settings: { enabled: false },
    state: 'current',
    headline: /^All is well$/,
    problem: null,
  },
  'the version is pinned': {
    labels: { vault_path: 'db', vault_version: '1' },
    arrange: ({ world }) => void world.provider.write('db', 'good 2'),
    state: 'current',
    headline: /^All is well$/,
    problem: null,
  },
  'the provider does not answer': {
    arrange: outage('UNAVAILABLE', 'vault at http://vault:8200 can not be reached'),
    state: 'current',
    headline: /^A provider does not answer$/,
    problem: 'PROVIDER_UNAVAILABLE',
    severity: 'warning',
    action: /check that the provider runs and is unsealed/,
  },
  'the provider is sealed': {
    arrange: outage('UNAVAILABLE', 'the server is sealed; unseal it'),
    state: 'current',
    headline: /^A provider does not answer$/,
    problem: 'PROVIDER_UNAVAILABLE',
    action: /unsealed/,
  },
  'the provider refuses the login': {
    arrange: outage('UNAUTHENTICATED', 'the token is rejected'),
    state: 'current',
    headline: /^A provider refuses the login$/,
    problem: 'PROVIDER_UNAVAILABLE',
    action: /^Correct the setting of the login that the message names.*STALE_IF_UNAUTHENTICATED$/,
  },
  'the provider limits requests': {
    arrange: outage('RATE_LIMITED', 'a quota is used up'),
    state: 'current',
    headline: /^A provider limits the requests$/,
    problem: 'PROVIDER_UNAVAILABLE',
    action: /^Set a longer VAULT_ROTATION_INTERVAL/,
  },
  'the provider does not answer, and a service starts that it never served': {
    arrange: (situation) => {
      outage('UNAVAILABLE', 'can not be reached')(situation);
      const { world } = situation;
      world.swarm.addService('api', 1, [world.swarm.addSecret('other', { vault_path: 'other' })]);
    },
    state: 'current',
    headline: /^A provider does not answer$/,
    problem: 'PROVIDER_UNAVAILABLE',
    severity: 'critical',
  },
  'the path of a secret in use is gone': {
    arrange: ({ world, db }) => world.swarm.setLabels(db, { vault_path: 'gone' }),
    state: 'at-risk',
    message: /^no new task can start: secret db has no value/,
    headline: /^A secret has no value to deliver$/,
    problem: 'SECRET_UNDELIVERABLE',
    severity: 'warning',
    action: /^Write the value at the provider\. If a label is wrong, create a secret/,
  },
  'the path of a secret is gone, and no task runs': {
    arrange: async ({ world, db, web }) => {
      world.swarm.setLabels(db, { vault_path: 'gone' });
      await world.run(5_000);
      world.swarm.loseTask(web, true);
      world.swarm.loseTask(web, true);
    },
    state: 'failing',
    message: /^secret db has no value: there is no such secret$/,
    headline: /^A secret has no value to deliver$/,
    problem: 'SECRET_UNDELIVERABLE',
    severity: 'critical',
  },
  'a label has a typo': {
    arrange: ({ world, db }) => world.swarm.setLabels(db, { vault_pth: 'db' }),
    state: 'at-risk',
    message: /vault_pth/,
    headline: /^A secret has no value to deliver$/,
    problem: 'SECRET_UNDELIVERABLE',
    action: /docker service update --secret-rm db --secret-add source=NEW,target=db web/,
  },
  'no label gives the path': {
    arrange: ({ world, db }) => world.swarm.setLabels(db, { rotate: 'manual' }),
    state: 'at-risk',
    message: /no label gives its path, so the default is read; set the label vault_path .*: there is no such secret/,
    headline: /^A secret has no value to deliver$/,
    problem: 'SECRET_UNDELIVERABLE',
    action: /docker service update --secret-rm db --secret-add source=NEW,target=db web/,
  },
  'the label of the path has a name that the plugin ignores': {
    arrange: ({ world, db }) => world.swarm.setLabels(db, { 'vault-path': 'db' }),
    state: 'at-risk',
    message: /set the label vault_path \(the plugin ignores vault-path\)/,
    headline: /^A secret has no value to deliver$/,
    problem: 'SECRET_UNDELIVERABLE',
  },
  'the pinned version does not exist, which no poll sees': {
    arrange: async ({ world, db, web }) => {
      world.swarm.setLabels(db, { vault_path: 'db', vault_version: '7' });
      await world.run(5_000);
      world.swarm.loseTask(web, true);
      world.swarm.loseTask(web, true);
    },
    state: 'failing',
    message: /^secret db has no value: .*there is no such/,
    headline: /^A secret has no value to deliver$/,
    problem: 'SECRET_UNDELIVERABLE',
    severity: 'critical',
  },
  'the provider answers polls, and requests too late': {
    arrange: async ({ world, web }) => {
      world.refuses = true;
      for (const _task of world.swarm.runningTasks(web)) world.swarm.loseTask(web, true);
      await world.run(20_000);
      const message = 'vault db: the provider did not answer within 2000 ms';
      world.rotation.refused({ service: 'web', secret: 'db', code: 'DEADLINE', message });
    },
    state: 'failing',
    message: /^secret db has no value: vault db: the provider did not answer within 2000 ms$/,
    headline: /^A secret has no value to deliver$/,
    problem: 'SECRET_UNDELIVERABLE',
    severity: 'critical',
  },
  'a value that was missing is there, and no task requests it again': {
    arrange: async ({ world, db, web }) => {
      world.swarm.setLabels(db, { vault_path: 'later' });
      world.swarm.loseTask(web, true);
      await world.run(5_000);
      world.refuses = true;
      world.provider.write('later', 'good 1');
    },
    forMs: 10_000,
    state: 'degraded',
    message: /unable to get secret from secret store/,
    headline: /^A service has fewer running tasks than desired$/,
    problem: 'SERVICE_DEGRADED',
  },
  'a new value is too large for a secret': {
    arrange: ({ world }) => void world.provider.write('db', 'x'.repeat(512_000)),
    state: 'at-risk',
    message: /the value has 512000 bytes; it must have 1 to 511999/,
    headline: /^A secret has no value to deliver$/,
    problem: 'SECRET_UNDELIVERABLE',
    action: /^Correct the value at the provider\. If a label is wrong, create/,
  },
  'labels name two providers': {
    arrange: ({ world, db }) => world.swarm.setLabels(db, { vault_path: 'db', aws_secret_name: 'db' }),
    state: 'at-risk',
    headline: /^A secret has no value to deliver$/,
    problem: 'SECRET_UNDELIVERABLE',
    action: /--secret-rm db/,
  },
  'an unknown value of rotate': {
    arrange: ({ world, db }) => world.swarm.setLabels(db, { vault_path: 'db', rotate: 'sometimes' }),
    state: 'at-risk',
    message: /rotate/,
    headline: /^A secret has no value to deliver$/,
    problem: 'SECRET_UNDELIVERABLE',
  },
  'one secret without a value is used by two services': {
    arrange: ({ world, db }) => {
      world.swarm.addService('api', 1, [db]);
      world.swarm.setLabels(db, { vault_path: 'gone' });
    },
    state: 'at-risk',
    headline: /^A secret has no value to deliver$/,
    problem: 'SECRET_UNDELIVERABLE',
  },
  'driver options, which Docker does not pass on': {
    arrange: ({ world }) => void world.swarm.addSecret('optioned', {}, { driverOptions: ['vault_path'] }),
    state: 'current',
    headline: /^Options of a secret have no effect$/,
    problem: 'SECRET_OPTIONS_IGNORED',
    severity: 'info',
    action: /Create the secret again with labels/,
  },
  'an image is missing, and no task runs': {
    arrange: broken('rejected', 'No such image: web:2'),
    state: 'failing',
    message: /No such image: web:2/,
    headline: /^A service has no running task$/,
    problem: 'SERVICE_FAILING',
    severity: 'critical',
    action: /docker service ps --no-trunc web/,
  },
  'no node fits': {
    arrange: broken('pending', 'no suitable node (scheduling constraints not satisfied)'),
    state: 'failing',
    message: /no suitable node/,
    headline: /^A service has no running task$/,
    problem: 'SERVICE_FAILING',
    severity: 'critical',
  },
  'one of two tasks can not start': {
    arrange: ({ world, web }) => {
      world.swarm.setStartFault(web, { kind: 'rejected', reason: 'No such image: web:2', refusesUpdates: false });
      world.swarm.loseTask(web, true);
    },
    state: 'degraded',
    message: /^1 of 2 tasks run: /,
    headline: /^A service has fewer running tasks than desired$/,
    problem: 'SERVICE_DEGRADED',
    severity: 'warning',
  },
  'tasks run again after they failed': {
    arrange: async (situation) => {
      broken('rejected', 'No such image: web:2')(situation);
      await situation.world.run(20_000);
      situation.world.swarm.setStartFault(situation.web, null);
    },
    forMs: 60_000,
    state: 'current',
    headline: /^All is well$/,
    problem: null,
  },
  'a lockdown': {
    arrange: async ({ world }) => {
      const done = world.rotation.lockdown(true, { signal: new AbortController().signal });
      await world.run(5_000);
      await done;
    },
    state: 'current',
    headline: /^Locked down$/,
    problem: 'LOCKDOWN_ACTIVE',
    severity: 'warning',
    action: /vault-swarm lockdown --release/,
  },
  'a lockdown, and a new value': {
    arrange: async ({ world }) => {
      const done = world.rotation.lockdown(true, { signal: new AbortController().signal });
      await world.run(5_000);
      await done;
      world.provider.write('db', 'good 2');
    },
    state: 'waiting',
    message: /waits for the lockdown to end/,
    headline: /^Locked down$/,
    problem: 'LOCKDOWN_ACTIVE',
  },
  'the ledger is not trusted': {
    arrange: ({ world }) => world.swarm.tamperWithLedger('it has no code; give it one', 'distrusts'),
    state: 'unknown',
    headline: /^The ledger is not trusted$/,
    problem: 'LEDGER_UNTRUSTED',
    severity: 'critical',
    action: /LEDGER_KEY/,
  },
  'no reconcile pass completes': {
    arrange: (situation) => {
      situation.tickerHealthy = false;
    },
    state: 'current',
    headline: /^Rotation has stopped$/,
    problem: 'RECONCILE_STALLED',
    severity: 'critical',
    action: /docker info/,
  },
  'a rollout is stuck': {
    settings: { policy: { maxParallel: 5, maxParallelLimit: 5, stuckAfterMs: 20_000, onFailure: 'rollback' } },
    arrange: ({ world, web }) => {
      world.swarm.setStartFault(web, { kind: 'pending', reason: 'no suitable node', refusesUpdates: false });
      world.provider.write('db', 'good 2');
    },
    forMs: 60_000,
    state: 'stuck',
    message: /no suitable node/,
    headline: /does not proceed|fewer running tasks/,
    problem: 'ROTATION_BLOCKED',
  },
  'Swarm rejects the update': {
    arrange: ({ world, web }) => {
      world.swarm.setStartFault(web, { kind: 'rejected', reason: 'network app not found', refusesUpdates: true });
      world.provider.write('db', 'good 2');
    },
    forMs: 60_000,
    state: 'stuck',
    message: /network app not found/,
    headline: /^A rotation does not proceed$/,
    problem: 'ROTATION_BLOCKED',
  },
  'a service with one task has none': {
    replicas: 1,
    arrange: broken('rejected', 'OCI runtime create failed'),
    state: 'failing',
    message: /OCI runtime create failed/,
    headline: /^A service has no running task$/,
    problem: 'SERVICE_FAILING',
    severity: 'critical',
  },
  'a service of one task gets a bad value, and is rolled back': {
    replicas: 1,
    arrange: ({ world }) => void world.provider.write('db', 'bad 2'),
    forMs: 120_000,
    state: 'held-back',
    headline: /^A new value made tasks fail and is quarantined$/,
    problem: 'VALUE_QUARANTINED',
  },
  'two providers of problems: an outage comes first': {
    arrange: (situation) => {
      const { world } = situation;
      world.swarm.addSecret('optioned', {}, { driverOptions: ['vault_path'] });
      broken('rejected', 'No such image: web:2')(situation);
    },
    state: 'failing',
    headline: /^2 problems\. A service has no running task$/,
    problem: 'SERVICE_FAILING',
    severity: 'critical',
  },
  'the same bad value in two services is one problem': {
    arrange: async ({ world, db }) => {
      world.swarm.addService('api', 2, [db]);
      await world.run(40_000);
      world.provider.write('db', 'bad 2');
    },
    forMs: 200_000,
    state: 'held-back',
    headline: /^A new value made tasks fail and is quarantined$/,
    problem: 'VALUE_QUARANTINED',
  },
  'a secret that no service uses': {
    arrange: ({ world }) => void world.swarm.addSecret('unused', { vault_path: 'nowhere' }),
    state: 'current',
    headline: /^All is well$/,
    problem: null,
  },
  'a job uses the secret': {
    arrange: ({ world, db }) => void world.swarm.addService('job', 1, [db], { kind: 'job' }),
    state: 'current',
    headline: /^All is well$/,
    problem: null,
  },
};

test('there are 46', () => {
  expect(Object.keys(situations)).toHaveLength(46);
});

describe.each(Object.entries(situations))('%s', (_name, expected) => {
  test('is shown in the same words everywhere, with the cause, how bad it is, and what to do', async () => {
    const situation = new Situation(expected.labels ?? { vault_path: 'db' }, expected.settings, expected.replicas ?? 2);
    await situation.start();
    await expected.arrange?.(situation);
    await situation.world.run(expected.forMs ?? 30_000);
    const { overview, services, status, list } = await show(situation);
    const web = services.find(({ name }) => name === 'web');
    const { summary, problems } = overview;

    expect([web?.state.code ?? null, web?.state.message]).toEqual([expected.state, web?.state.message]);
    expect(web?.state.message ?? '').toMatch(expected.message ?? /^/);
    expect(summary.title).toMatch(expected.headline);
    const [first] = problems;
    expect([first?.code ?? null, first?.severity]).toEqual([expected.problem, expected.severity ?? first?.severity]);
    expect(first?.action ?? '').toMatch(expected.action ?? /^/);
    // An outage is never below something milder.
    const ranks = problems.map(({ severity }) => ['critical', 'warning', 'info'].indexOf(severity));
    expect(ranks).toEqual(ranks.toSorted());

    // The command line.
    expect(status.startsWith(`${summary.title}.\n${summary.explanation}`)).toBe(true);
    for (const { message, action } of problems)
      expect(status).toContain(`Do: ${action}`) ?? expect(status).toContain(message);
    if (web !== undefined) expect(list).toContain(web.state.title);

    // The dashboard.
    const health = healthOf(overview, Date.now());
    expect([health.title, health.level === 'bad']).toEqual([summary.title, summary.severity === 'critical']);
    const isShown = problems.filter(({ code }) => code !== 'LOCKDOWN_ACTIVE');
    expect(health.problems.map((problem) => detailOf(problem))).toEqual(isShown.map((problem) => detailOf(problem)));
    if (web !== undefined) {
      const isWrong = web.state.severity === 'critical' || web.state.severity === 'warning';
      expect(hasServiceProblem(web)).toBe(isWrong);
      expect(list.startsWith('SERVICE')).toBe(!services.some(hasServiceProblem));
    }
  });
});
