import type { Rotation } from '@vault-swarm/rotation';
import type { SimulatedService, UpdateConfig } from '../swarm/service.ts';
import { allTasks, isDirty } from '../swarm/slots.ts';
import { workloadOf } from '../swarm/snapshot.ts';
import { RESTART, UPDATE } from '../swarm/swarm-options.ts';
import { type HeldSecret, isAlive, type RestartPolicy } from '../swarm/task.ts';
import { mayBeLost } from './final-checks.ts';
import { rotateManually } from './rotate-manually.ts';
import type { Run } from './run.ts';

/** Fills the world of a history: secrets, services, and a plugin on each manager. */
export async function setUp(run: Run): Promise<void> {
  const { random, swarm, provider, cluster, clock, kinds } = run;
  const labelsOf = (name: string): Readonly<Record<string, string>> => {
    const path = random.pick([name, name, name, 'shared']);
    const rotate = random.pick(['auto', 'auto', 'auto', 'auto', 'auto', 'manual', 'off']);
    const isPinned = random.chance(0.05);
    return { vault_path: path, ...(rotate === 'auto' ? {} : { rotate }), ...(isPinned ? { vault_version: '1' } : {}) };
  };
  const secrets = Array.from({ length: random.between(1, 4) }, (_, index) => {
    const name = `s${index + 1}`;
    const labels = random.chance(0.15) ? {} : labelsOf(name);
    run.say(`secret ${name} ${JSON.stringify(labels)}`);
    return swarm.addSecret(name, labels);
  });
  const ranBefore = random.chance(0.4);
  const names = ['one', 'two', 'three', 'four'].slice(0, random.between(1, 4));
  for (const name of names) {
    const chosen = random.some(secrets, 0.7);
    const secretIds = chosen.length === 0 ? secrets.slice(0, 1) : chosen;
    const replicas = random.between(1, 4);
    const kind = name !== 'one' && random.chance(0.1) ? 'job' : 'service';
    const update = {
      parallelism: random.pick([1, 1, 2, 4]),
      monitorMs: random.pick([500, 5_000]),
      onFailure: random.pick(['pause', 'pause', 'rollback', 'rollback', 'continue'] as const),
      ...updateOptions(run),
    };
    const { isGlobal, restart } = kind === 'job' ? { isGlobal: false, restart: RESTART } : restartOptions(run);
    const spec = { replicas, secretIds, generation: 0, image: 'good', edition: 1, update, restart } as const;
    const service = { name, spec };
    for (const { path } of run.truth.bindingsOf(service)) {
      if (provider.textOf(path) === undefined) provider.write(path, `value ${run.count()}`);
    }
    const count = isGlobal ? 'each node' : replicas;
    const options = JSON.stringify({ ...update, ...(restart === RESTART ? {} : { restart }) });
    run.say(`${kind} ${name} of ${count} with ${secretIds.join(' ')}, ${options}`);
    const held = new Map<string, HeldSecret>();
    for (const use of run.truth.bindingsOf(service)) {
      held.set(use.name, { text: provider.textOf(use.path) ?? '', revision: 'given by an earlier plugin' });
    }
    swarm.addService(name, replicas, secretIds, { kind, isGlobal, update, restart, ...(ranBefore ? { held } : {}) });
  }
  for (const [name, manager] of cluster.managers) {
    if (kinds.has('clock jump')) manager.clockOffsetMs = random.between(-2_000, 2_000);
    cluster.start(name);
  }
  await clock.advance(20_000);
  run.isFaulty = true;
}

/** The settings of `update_config` that only some histories have. */
function updateOptions({
  kinds,
  updateRandom: random,
}: Run): Pick<UpdateConfig, 'delayMs' | 'maxFailureRatio' | 'order'> & Partial<Pick<UpdateConfig, 'parallelism'>> {
  const { delayMs, maxFailureRatio, order } = UPDATE;
  if (!kinds.has('update settings')) return { delayMs, maxFailureRatio, order };
  return {
    ...(random.chance(0.2) ? { parallelism: 0 } : {}),
    delayMs: random.pick([0, 0, 1_000, 5_000]),
    maxFailureRatio: random.pick([0, 0, 0.3, 0.5]),
    order: random.pick(['stop-first', 'stop-first', 'start-first'] as const),
  };
}

/** Which of its tasks Swarm restarts, and whether it runs on each node, in the few histories that have that. */
function restartOptions({ kinds, restartRandom: random }: Run): {
  readonly isGlobal: boolean;
  readonly restart: RestartPolicy;
} {
  const isGlobal = kinds.has('global services') && random.chance(0.5);
  if (!kinds.has('restart conditions') || random.chance(0.4)) return { isGlobal, restart: RESTART };
  const condition = random.pick(['any', 'on-failure', 'on-failure', 'none'] as const);
  return { isGlobal, restart: { condition, maxAttempts: condition === 'none' ? 0 : random.pick([0, 1, 3]) } };
}

/** A call that is slow ends within this time, in milliseconds. */
const IN_FLIGHT_MS = 5_000;

/** Ends all that is wrong with the world around the plugins, and lets users put right what they broke. */
export function heal(run: Run): void {
  const { random, swarm, provider, cluster, truth, lasting } = run;
  run.say('all is healthy again');
  run.isFaulty = false;
  run.oracle.leadership.note();
  for (const end of [...lasting]) end();
  for (const manager of cluster.managers.values()) {
    manager.believes = null;
    if (manager.process === null) cluster.start(manager.name);
  }
  // A call that was in flight may still have ended a process.
  run.clock.after(IN_FLIGHT_MS, () => {
    for (const { name } of run.dead) cluster.start(name);
  });
  const isRepaired = random.chance(0.5);
  for (const service of swarm.services) {
    for (const { path, isPinned } of truth.bindingsOf(service)) {
      const text = provider.textOf(path);
      const isBad = text?.startsWith('bad') === true && isRepaired;
      if (text !== undefined && !isBad) continue;
      if (isPinned && text !== undefined) continue;
      provider.write(path, `value ${run.count()}`);
      run.say(`${path} := "${provider.textOf(path)}"`);
    }
    // Swarm may still roll it back to a spec with other secrets, which need a value too.
    for (const { path } of service.previous === null ? [] : truth.bindingsOf({ ...service, spec: service.previous })) {
      if (provider.textOf(path) !== undefined) continue;
      provider.write(path, `value ${run.count()}`);
      run.say(`${path} := "${provider.textOf(path)}"`);
    }
    if (service.spec.image === 'broken') deployGoodImage(run, service);
  }
}

function deployGoodImage(run: Run, { id, name, spec }: SimulatedService): void {
  run.swarm.post(id, { image: 'good', edition: spec.edition + 1 });
  run.oracle.touched(id);
  run.say(`user: deploys a good image of ${name}`);
}

/** A user asks for what was quarantined of a service: see `broken before`. */
function requestManually(run: Run, plugin: Rotation, { id, name }: SimulatedService): void {
  run.say(`manually: ${name}`);
  rotateManually(run, plugin, { kind: 'service', name }, [id]);
}

/**
 * Gives these paths other values. Without a ledger a task counts as current, so a change may be overlooked; and what a
 * user undid stays undone. The next change ends both: see `ledger lost` and `rolled back manually`.
 */
export function change(run: Run, paths: ReadonlySet<string>): void {
  const { provider, oracle } = run;
  for (const path of paths) {
    provider.write(path, `value ${run.count()}`);
    run.say(`${path} := "${provider.textOf(path)}", since a change of it was overlooked`);
  }
  oracle.overlookedChanged(paths);
}

/** After this time a user forces a service again, in milliseconds. */
const FORCES_AGAIN_MS = 85_000;

/** A user starts services again whose own update was given up and which wait for that. Returns whether there were any. */
export function unblock(run: Run): boolean {
  let isUnblocked = false;
  const { swarm, cluster, oracle, truth, ledger } = run;
  const { leader } = cluster;
  const plugin = leader === null ? undefined : cluster.manager(leader).process?.rotation;
  const status = plugin?.status();
  for (const service of swarm.services) {
    const { rollout = null, quarantines = [] } = ledger?.services[service.id] ?? {};
    const hasFailed = quarantines.length > 0 || rollout?.state === 'failed';
    const mayAsk = hasFailed && plugin !== undefined && truth.badBindings(service).length === 0;
    if (mayAsk && oracle.pastOf(service.id).tolerated.delete('broken before')) {
      requestManually(run, plugin, service);
      isUnblocked = true;
    }
    if (service.spec.image === 'broken') {
      deployGoodImage(run, service);
      isUnblocked = true;
      continue;
    }
    // No task starts before there is another value: nothing else would help.
    if (mayBeLost(run, service) !== null) continue;
    const shown = status?.services.find(({ name }) => name === service.name);
    const isPaused = service.status.state === 'paused' || service.status.state === 'rollback-paused';
    const isForUser = shown?.waitingReason?.code === 'UPDATE_PAUSED';
    const isHalfDone = allTasks(service).some((task) => isAlive(task) && isDirty(task, service.spec));
    const isOurs = rollout !== null;
    const isForgotten = service.status.state === 'none' && service.update === null;
    // What was quarantined stays so while Swarm may return to the secrets that the user took away.
    const isChanged = isPaused && !isOurs && workloadOf(service).formerSecretIds.length > 0;
    const isWaiting = isChanged || ((isPaused || isForgotten) && (isForUser || (isHalfDone && !isOurs)));
    // Swarm starts no task again that its restart condition excludes, and the plugin waits for all of them.
    const isGivenUp = service.givenUp.size > 0;
    if (!isWaiting && !isGivenUp) continue;
    // A user waits for what the plugin does about tasks that run calmly, which takes half a minute.
    if (run.timeMs - oracle.pastOf(service.id).touchedAtMs < FORCES_AGAIN_MS) continue;
    swarm.forceUpdate(service.id);
    oracle.touched(service.id);
    isUnblocked = true;
    run.say(`user: forces ${service.name}, which waits for that`);
  }
  return isUnblocked;
}
