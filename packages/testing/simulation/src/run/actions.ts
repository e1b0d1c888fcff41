import { ProviderError } from '@vault-swarm/provider';
import type { SimulatedService } from '../swarm/service.ts';
import { clusterHappenings } from './cluster-actions.ts';
import type { Kind } from './kinds.ts';
import { replicaHappenings } from './replica-actions.ts';
import type { History } from './run.ts';
import { worldHappenings } from './world-happenings.ts';

/** Lets something happen. Returns what it was, or `null` where it can't happen now. */
export type Happening = (history: History) => string | null;

/** The services that are no jobs. */
function services({ swarm }: History): readonly SimulatedService[] {
  return swarm.services.filter(({ kind }) => kind === 'service');
}

/** All paths that secrets in use have now. */
function paths({ swarm, truth }: History): readonly string[] {
  return [...new Set(swarm.services.flatMap((service) => truth.usesOf(service).map(({ path }) => path)))];
}

/** Paths whose value is rolled out wherever it is used: a bad one elsewhere would be for nobody to take back. */
function autoPaths(history: History): readonly string[] {
  const uses = history.swarm.services.flatMap((service) => history.truth.usesOf(service));
  const others = new Set(uses.filter(({ isAuto }) => !isAuto).map(({ path }) => path));
  return paths(history).filter((path) => !others.has(path));
}

function write(history: History, path: string, text: string): string {
  history.provider.write(path, text);
  return `${path} := "${text}"`;
}

function touched(history: History, service: SimulatedService, what: string): string {
  history.witness.touched(service.id);
  return `user: ${what} ${service.name}`;
}

const onService =
  (act: (history: History, service: SimulatedService) => string | null): Happening =>
  (history) => {
    const all = services(history);
    return all.length === 0 ? null : act(history, history.random.pick(all));
  };

const onPath =
  (act: (history: History, path: string) => string | null, of = paths): Happening =>
  (history) => {
    const all = of(history);
    return all.length === 0 ? null : act(history, history.random.pick(all));
  };

const own: Partial<Record<Kind, Happening>> = {
  quiet: () => 'nothing',
  'new value': onPath((history, path) => write(history, path, `value ${history.count()}`)),
  'several values': (history) => {
    const some = history.random.some(paths(history), 0.6);
    return some.length === 0 ? null : some.map((path) => write(history, path, `value ${history.count()}`)).join(', ');
  },
  'repeated value': onPath((history, path) => {
    const earlier = history.truth.textsOf(path).filter((text) => !text.startsWith('bad'));
    return earlier.length === 0 ? null : write(history, path, history.random.pick(earlier));
  }),
  'same value': onPath((history, path) => {
    const text = history.provider.textOf(path);
    return text === undefined ? null : write(history, path, text);
  }),
  'bad value': onPath((history, path) => {
    const names = history.random.some(
      services(history).map(({ name }) => name),
      0.5,
    );
    return write(history, path, ['bad', ...names, history.count()].join(' '));
  }, autoPaths),
  'delete and re-create': onPath((history, path) => {
    const text = history.provider.textOf(path);
    if (text === undefined) return null;
    history.provider.delete(path);
    const isSame = history.random.chance(0.3);
    const again = () => {
      history.say(write(history, path, isSame ? text : `value ${history.count()}`));
    };
    if (history.random.chance(0.5)) history.lasts(history.random.between(100, 60_000), again);
    else again();
    return `${path} is deleted`;
  }),
  'provider outage': (history) => {
    const { provider, random } = history;
    if (provider.outage !== null) return null;
    const code = random.pick(['UNAVAILABLE', 'RATE_LIMITED', 'UNAUTHENTICATED'] as const);
    provider.outage = new ProviderError(code, 'the provider is away');
    history.lasts(random.between(500, 90_000), () => {
      provider.outage = null;
    });
    return `the provider is away: ${code}`;
  },
  'provider hangs': (history) => {
    history.providerHangs = true;
    history.lasts(history.random.between(500, 60_000), () => {
      history.providerHangs = false;
    });
    return 'the provider hangs';
  },
  'provider slow': (history) => {
    history.providerDelayMs = history.random.pick([200, 1_500, 6_000]);
    history.lasts(history.random.between(1_000, 60_000), () => {
      history.providerDelayMs = 0;
    });
    return `the provider takes up to ${history.providerDelayMs} ms`;
  },
  deploy: onService((history, service) => {
    history.swarm.changeSpec(service.id);
    return touched(history, service, 'deploys');
  }),
  'broken image': onService((history, service) => {
    const image = service.spec.image === 'good' ? 'broken' : 'good';
    history.swarm.post(service.id, { image, edition: service.spec.edition + 1 });
    return touched(history, service, `deploys a ${image} image of`);
  }),
  force: onService((history, service) => {
    history.swarm.forceUpdate(service.id);
    return touched(history, service, 'forces');
  }),
  scale: onService((history, service) => {
    const replicas = history.random.between(0, 4);
    history.swarm.post(service.id, { replicas });
    return touched(history, service, `scales to ${replicas}:`);
  }),
  'remove and re-create service': onService((history, service) => {
    history.swarm.removeService(service.id);
    const { spec, name } = service;
    const again = () => {
      history.swarm.addService(name, spec.replicas, spec.secretIds, { update: spec.update });
      history.say(`user: creates ${name} again`);
    };
    if (history.random.chance(0.5)) history.lasts(history.random.between(100, 30_000), again);
    else again();
    return `user: removes ${name}`;
  }),
  'swap secret': onService((history, service) => {
    const { swarm, random } = history;
    const known = swarm.snapshot().secrets.map(({ id }) => id);
    const others = known.filter((id) => !service.spec.secretIds.includes(id));
    if (others.length === 0 || service.spec.secretIds.length === 0) return null;
    const old = random.pick(service.spec.secretIds);
    const secretIds = service.spec.secretIds.map((id) => (id === old ? random.pick(others) : id));
    swarm.post(service.id, { secretIds: [...new Set(secretIds)] });
    history.witness.allowService(service.id, 'last good value gone');
    return touched(history, service, 'swaps a secret of');
  }),
  'change labels': (history) => {
    const { swarm, random } = history;
    const secret = random.pick(swarm.snapshot().secrets);
    const path = random.pick(paths(history));
    if (secret === undefined || path === undefined) return null;
    swarm.setLabels(secret.id, { ...secret.labels, vault_path: path });
    history.witness.allow('last good value gone');
    return `user: the labels of ${secret.name} name ${path}`;
  },
  'user rollback': onService((history, service) => {
    if (!history.swarm.rollBack(service.id)) return null;
    history.witness.allowService(service.id, 'taken back by hand');
    return touched(history, service, 'rolls back');
  }),
  conflict: onService((history, service) => {
    history.swarm.touch(service.id);
    return `user: changes the labels of ${service.name}`;
  }),
  'ledger lost': (history) => {
    const text = history.random.pick([null, 'damaged', '{"format":2,"secrets":7}']);
    history.swarm.loseLedger(text);
    history.witness.allow('ledger lost');
    // What a plugin has in memory would be written anew at once.
    if (history.random.chance(0.5)) for (const { name } of history.alive) history.cluster.start(name);
    return `the ledger is ${text === null ? 'deleted' : 'damaged'}`;
  },
  'by hand': (history) => {
    const { random, swarm } = history;
    const asked = random.pick(history.alive);
    const service = random.pick(services(history));
    if (asked?.process === undefined || asked.process === null || service === undefined) return null;
    const secret = random.pick(swarm.snapshot().secrets).name;
    const request = random.pick([
      { kind: 'secret', name: secret },
      { kind: 'service', name: service.name },
      { kind: 'set-aside' },
    ] as const);
    history.witness.requested(swarm.services.map(({ id }) => id));
    asked.process.rotation.rotate(request, { signal: new AbortController().signal }).then(
      (answer) => history.say(`  asked for: ${JSON.stringify(answer)}`),
      (error) => history.say(`  refused: ${String(error)}`),
    );
    return `by hand at ${asked.name}: ${JSON.stringify(request)}`;
  },
};

/** What happens in a history of each kind; those not here are faults of calls, which happen by themselves. */
export const happenings: Partial<Record<Kind, Happening>> = {
  ...own,
  ...clusterHappenings,
  ...replicaHappenings,
  ...worldHappenings,
};
