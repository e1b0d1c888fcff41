import { ProviderError } from '@vault-swarm/provider';
import type { SimulatedService } from '../swarm/service.ts';
import type { Action } from './action.ts';
import { clusterActions } from './cluster-actions.ts';
import type { Kind } from './kinds.ts';
import { replicaActions } from './replica-actions.ts';
import { restartActions } from './restart-actions.ts';
import { rotateManually } from './rotate-manually.ts';
import type { Run } from './run.ts';
import { worldActions } from './world-actions.ts';

/** The services that are no jobs. */
function services({ swarm }: Run): readonly SimulatedService[] {
  return swarm.services.filter(({ kind }) => kind === 'service');
}

/** All paths that secrets in use have now. */
function paths({ swarm, truth }: Run): readonly string[] {
  return [...new Set(swarm.services.flatMap((service) => truth.bindingsOf(service).map(({ path }) => path)))];
}

/** Paths whose value is rolled out wherever it is used: a bad one elsewhere would be for nobody to roll back. */
function autoPaths(run: Run): readonly string[] {
  const uses = run.swarm.services.flatMap((service) => run.truth.bindingsOf(service));
  const others = new Set(uses.filter(({ isAuto }) => !isAuto).map(({ path }) => path));
  return paths(run).filter((path) => !others.has(path));
}

function write(run: Run, path: string, text: string): string {
  run.provider.write(path, text);
  return `${path} := "${text}"`;
}

function touched(run: Run, service: SimulatedService, what: string): string {
  run.oracle.touched(service.id);
  return `user: ${what} ${service.name}`;
}

const onService =
  (act: (run: Run, service: SimulatedService) => string | null): Action =>
  (run) => {
    const all = services(run);
    return all.length === 0 ? null : act(run, run.random.pick(all));
  };

const onPath =
  (act: (run: Run, path: string) => string | null, of = paths): Action =>
  (run) => {
    const all = of(run);
    return all.length === 0 ? null : act(run, run.random.pick(all));
  };

const own: Partial<Record<Kind, Action>> = {
  quiet: () => 'nothing',
  'new value': onPath((run, path) => write(run, path, `value ${run.count()}`)),
  'several values': (run) => {
    const some = run.random.some(paths(run), 0.6);
    return some.length === 0 ? null : some.map((path) => write(run, path, `value ${run.count()}`)).join(', ');
  },
  'repeated value': onPath((run, path) => {
    const earlier = run.truth.textsOf(path).filter((text) => !text.startsWith('bad'));
    return earlier.length === 0 ? null : write(run, path, run.random.pick(earlier));
  }),
  'same value': onPath((run, path) => {
    const text = run.provider.textOf(path);
    return text === undefined ? null : write(run, path, text);
  }),
  'bad value': onPath((run, path) => {
    const names = run.random.some(
      services(run).map(({ name }) => name),
      0.5,
    );
    return write(run, path, ['bad', ...names, run.count()].join(' '));
  }, autoPaths),
  'delete and re-create': onPath((run, path) => {
    const text = run.provider.textOf(path);
    if (text === undefined) return null;
    run.provider.delete(path);
    const isSame = run.random.chance(0.3);
    const again = () => {
      run.say(write(run, path, isSame ? text : `value ${run.count()}`));
    };
    if (run.random.chance(0.5)) run.lasts(run.random.between(100, 60_000), again);
    else again();
    return `${path} is deleted`;
  }),
  'provider outage': (run) => {
    const { provider, random } = run;
    if (provider.outage !== null) return null;
    const code = random.pick(['UNAVAILABLE', 'RATE_LIMITED', 'UNAUTHENTICATED'] as const);
    provider.outage = new ProviderError(code, 'the provider is away');
    run.lasts(random.between(500, 90_000), () => {
      provider.outage = null;
    });
    return `the provider is away: ${code}`;
  },
  'provider hangs': (run) => {
    run.providerHangs = true;
    run.lasts(run.random.between(500, 60_000), () => {
      run.providerHangs = false;
    });
    return 'the provider hangs';
  },
  'provider slow': (run) => {
    run.providerDelayMs = run.random.pick([200, 1_500, 6_000]);
    run.lasts(run.random.between(1_000, 60_000), () => {
      run.providerDelayMs = 0;
    });
    return `the provider takes up to ${run.providerDelayMs} ms`;
  },
  deploy: onService((run, service) => {
    run.swarm.changeSpec(service.id);
    return touched(run, service, 'deploys');
  }),
  'broken image': onService((run, service) => {
    const image = service.spec.image === 'good' ? 'broken' : 'good';
    run.swarm.post(service.id, { image, edition: service.spec.edition + 1 });
    return touched(run, service, `deploys a ${image} image of`);
  }),
  force: onService((run, service) => {
    run.swarm.forceUpdate(service.id);
    return touched(run, service, 'forces');
  }),
  scale: onService((run, service) => {
    const replicas = run.random.between(0, 4);
    if (service.isGlobal) return null;
    run.swarm.post(service.id, { replicas });
    return touched(run, service, `scales to ${replicas}:`);
  }),
  'remove and re-create service': onService((run, service) => {
    run.swarm.removeService(service.id);
    const { spec, name, isGlobal } = service;
    const { replicas, secretIds, update, restart } = spec;
    const again = () => {
      run.swarm.addService(name, replicas, secretIds, { isGlobal, update, restart });
      run.say(`user: creates ${name} again`);
    };
    if (run.random.chance(0.5)) run.lasts(run.random.between(100, 30_000), again);
    else again();
    return `user: removes ${name}`;
  }),
  'swap secret': onService((run, service) => {
    const { swarm, random } = run;
    const known = swarm.snapshot().secrets.map(({ id }) => id);
    const others = known.filter((id) => !service.spec.secretIds.includes(id));
    if (others.length === 0 || service.spec.secretIds.length === 0) return null;
    const old = random.pick(service.spec.secretIds);
    const secretIds = service.spec.secretIds.map((id) => (id === old ? random.pick(others) : id));
    swarm.post(service.id, { secretIds: [...new Set(secretIds)] });
    run.oracle.allowService(service.id, 'last good value gone');
    return touched(run, service, 'swaps a secret of');
  }),
  'change labels': (run) => {
    const { swarm, random } = run;
    const secret = random.pick(swarm.snapshot().secrets);
    const path = random.pick(paths(run));
    if (secret === undefined || path === undefined) return null;
    swarm.setLabels(secret.id, { ...secret.labels, vault_path: path });
    run.oracle.tolerate('last good value gone');
    return `user: the labels of ${secret.name} name ${path}`;
  },
  'user rollback': onService((run, service) => {
    if (!run.swarm.rollBack(service.id)) return null;
    run.oracle.rolledBack(service);
    return `user: rolls back ${service.name}`;
  }),
  conflict: onService((run, service) => {
    run.swarm.touch(service.id);
    return `user: changes the labels of ${service.name}`;
  }),
  'ledger lost': (run) => {
    const text = run.random.pick([null, 'damaged', '{"format":2,"secrets":7}']);
    run.swarm.loseLedger(text);
    run.oracle.tolerate('ledger lost');
    // What a plugin has in memory would be written again at once.
    if (run.random.chance(0.5)) for (const { name } of run.alive) run.cluster.start(name);
    return `the ledger is ${text === null ? 'deleted' : 'damaged'}`;
  },
  manually: (run) => {
    const { random, swarm } = run;
    const asked = random.pick(run.alive);
    const service = random.pick(services(run));
    if (asked?.process === undefined || asked.process === null || service === undefined) return null;
    const secret = random.pick(swarm.snapshot().secrets).name;
    const request = random.pick([
      { kind: 'secret', name: secret },
      { kind: 'service', name: service.name },
      { kind: 'quarantined' },
    ] as const);
    const ids = swarm.services.map(({ id }) => id);
    rotateManually(run, asked.process.rotation, request, ids);
    return `manually at ${asked.name}: ${JSON.stringify(request)}`;
  },
};

/** What happens in a history of each kind; those not here are faults of calls, which happen by themselves. */
export const actions: Partial<Record<Kind, Action>> = {
  ...own,
  ...clusterActions,
  ...replicaActions,
  ...worldActions,
  ...restartActions,
};
