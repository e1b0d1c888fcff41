import { Delivery } from '@vault-swarm/delivery';
import { EventBus } from '@vault-swarm/kernel';
import { AccessGuard, ALLOW_ALL, type ProductEvent, type ProviderInstance, SecretValue } from '@vault-swarm/provider';
import { Rotation, type RotationPorts } from '@vault-swarm/rotation';
import { parseLedger, type Values } from '@vault-swarm/rotation/ledger-format';
import { expect, test } from 'vitest';
import { SimulatedClock } from '../simulated-clock.ts';
import { simulatedLabels } from '../simulated-labels.ts';
import { twoServices } from '../two-services.ts';

/** How long each thing takes that a request may wait for, in milliseconds. */
interface Waits {
  /** The rotation is loaded. */
  readonly rotation: number;
  /** The ledger is read. */
  readonly ledger: number;
  /** The engine tells the task's generation. */
  readonly generation: number;
  /** The provider is loaded. */
  readonly provider: number;
  /** It answers. */
  readonly read: number;
}

const NEVER = 1e9;
const { signal } = new AbortController();

/** A Swarm in the middle of a rollout, as its API shows it. */
async function rollingSwarm() {
  const { world, web } = await twoServices();
  world.swarm.holdUp();
  world.provider.write('db', 'db 2');
  await world.until(() => world.swarm.updates.length > 0);
  const text = world.swarm.ledgerText;
  const { generation, target, lastGood } = parseLedger(text)?.services[web]?.rollout ?? fails('no rollout is open');
  const nameOf = (values: Values) => Object.values(values)[0]?.revision.replace(/^[^:]*:/, '');
  const snapshot = await world.swarm.observe({ signal });
  return { web, text, snapshot, generation, target: nameOf(target), lastGood: nameOf(lastGood) };
}

function fails(message: string): never {
  throw new Error(message);
}

const swarm = await rollingSwarm();

/** What a task that just starts is given, and after how long, while a rollout of its service is open. */
async function ask(deadlineMs: number, waits: Waits) {
  const clock = new SimulatedClock();
  const after = async <T>(ms: number, result: T): Promise<T> => {
    await clock.sleep(ms);
    return result;
  };
  const events = new EventBus<ProductEvent>(clock);
  const read = async (revision: string) => after(waits.read, { value: SecretValue.fromText(revision), revision });
  const instance: ProviderInstance = {
    ...{
      name: 'vault',
      probe: null,
      hints: null,
      order: null,
      leases: null,
      holders: null,
      close: async () => undefined,
    },
    secrets: { read: () => read('current') },
    revisions: { readRevision: (_, revision) => read(revision) },
  };
  const findProvider = () => after(waits.provider, instance);
  const common = { labels: simulatedLabels, access: new AccessGuard(ALLOW_ALL), clock, events, findProvider };
  let rotation: Rotation | null = null;
  const delivery = new Delivery({
    ...common,
    limits: {
      ...{ deadlineMs, cacheMaxAgeMs: 0, staleIfErrorMs: 60_000, staleIfUnauthenticatedMs: 60_000 },
      cache: { maxRevisions: 10, maxBytes: 1_000_000 },
    },
    record: () => undefined,
    leased: { deliver: async () => ({ kind: 'already-delivered' }) },
    choice: {
      choose: async (asked) => {
        await clock.sleep(Math.min(waits.rotation, asked.untilMs - clock.monotonic()));
        return rotation?.choose(asked) ?? { kind: 'current' };
      },
    },
  });
  const ports: RotationPorts = {
    ...common,
    orchestrator: {
      displayName: 'Swarm',
      observe: async () => swarm.snapshot,
      findTask: () =>
        after(waits.generation, {
          ...{ id: 'new', createdAtMs: 0, state: 'starting', reason: '' },
          generation: swarm.generation,
        }),
      failures: async () => [],
      roll: async () => 'applied',
    },
    leadership: { role: async () => 'standby' },
    ledger: {
      read: () =>
        after(waits.ledger, { kind: 'text', text: swarm.text, version: '1', mustRewrite: false, warning: null }),
      compareAndSet: async () => 'conflict',
    },
    leaseLedger: { read: async () => null, compareAndSet: async () => 'conflict' },
    changes: { onChange: () => () => undefined },
    providers: ['vault'],
    values: delivery,
    digest: { digest: () => 'digest', generateKey: () => 'key' },
    random: { next: () => 0 },
  };
  clock.after(waits.rotation, () => {
    rotation = new Rotation(
      {
        ...{ enabled: true, intervalMs: 60_000, digestKey: null },
        leases: { revokeAfterMs: 60_000, maxSets: 2_000, issuesPerHour: 12 },
        policy: { maxParallel: 5, maxParallelLimit: 5, stuckAfterMs: 600_000, onFailure: 'rollback' },
      },
      ports,
    );
    rotation.start();
  });
  const requestedAtMs = clock.monotonic();
  let answered: { readonly given: string; readonly afterMs: number } | null = null;
  const labels = { vault_path: 'db' };
  const request = { secretName: 'db', labels, serviceId: swarm.web, serviceName: 'web', taskId: 'new' };
  void delivery.get(request).then((answer) => {
    const given = answer.kind === 'value' ? answer.revision : answer.code;
    answered = { given, afterMs: clock.monotonic() - requestedAtMs };
  });
  await clock.advance(deadlineMs);
  return answered;
}

const some = [0, 250, NEVER];
const combinations = some.flatMap((rotation) =>
  some.flatMap((ledger) =>
    some.flatMap((generation) =>
      some.flatMap((provider) => some.map((read): Waits => ({ rotation, ledger, generation, provider, read }))),
    ),
  ),
);

test.each([100, 300, 2_000])('all that a request waits for is within one deadline of %i ms', async (deadlineMs) => {
  for (const waits of combinations) {
    const answered = await ask(deadlineMs, waits);
    expect(answered, JSON.stringify(waits)).not.toBeNull();
  }
});

test('what arrives in time is waited for: the generation, and the revision that it calls for', async () => {
  const quick: Waits = { rotation: 40, ledger: 40, generation: 40, provider: 40, read: 40 };
  expect(await ask(2_000, quick)).toMatchObject({ given: swarm.target });
  expect(await ask(2_000, { ...quick, generation: NEVER })).toMatchObject({ given: swarm.lastGood });
  expect(await ask(2_000, { ...quick, ledger: NEVER })).toMatchObject({ given: 'current' });
  expect(await ask(2_000, { ...quick, rotation: NEVER })).toMatchObject({ given: 'current' });
});
