import { type AccessPolicy, type AccessRule, canonicalPath, decideAccess, type SecretRef } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { SeededRandom } from '../seeded-random.ts';
import { simulatedLabels } from '../simulated-labels.ts';
import { World } from '../world.ts';

const SERVICES = ['shop_web', 'shop_api', 'pay_api', 'batch'];
const PATHS = ['shop/db', 'shop/web/key', 'pay/db', 'common'];
const PATTERNS = ['**', '*', 'shop/**', 'shop/*', 'pay/*', 'common', 'nothing'];

function randomPolicy(random: SeededRandom): AccessPolicy {
  const rules = Array.from({ length: random.between(0, 4) }, (): AccessRule => {
    const services = random.some(['shop_*', '*_api', 'batch', '*'], 0.4);
    return {
      stacks: null,
      services: services.length === 0 ? null : services,
      grant: new Map([['vault', random.some(PATTERNS, 0.3)]]),
      versions: random.pick(['any', 'latest']),
    };
  });
  const mode = random.chance(0.9) ? 'enforce' : 'report';
  return { mode, default: random.pick(['allow', 'deny', 'deny']), rules, stacksOfProvider: new Map() };
}

/** Whether a service of the world uses this ref and may read it. A second reading of the policy would only repeat it. */
function isAllowed(world: World, policy: AccessPolicy, ref: SecretRef): boolean {
  return world.swarm.services.some(({ name, spec }) =>
    spec.secretIds.some((id) => {
      const secret = world.swarm.secret(id);
      if (secret === undefined) return false;
      const used = simulatedLabels.read(secret.labels, secret.name, name).ref;
      const isSame = canonicalPath(used) === canonicalPath(ref) && used.pin === ref.pin;
      return isSame && decideAccess(policy, { service: name, stack: undefined }, used).kind === 'granted';
    }),
  );
}

test.each(Array.from({ length: 30 }, (_, seed) => seed))(
  'no ref is read or probed at a provider for a service that may not read it (seed %d)',
  async (seed) => {
    const random = new SeededRandom(seed);
    const world = new World();
    const wrong: string[] = [];
    let changedAtMs = Number.NEGATIVE_INFINITY;
    let before = world.access.policy;
    world.provider.onRead = (ref) => {
      const { policy } = world.access;
      if (policy.mode === 'report' || isAllowed(world, policy, ref)) return;
      // A pass that was in progress may still ask for what the earlier policy allowed.
      if (world.clock.monotonic() - changedAtMs < 2_000 && isAllowed(world, before, ref)) return;
      wrong.push(`${canonicalPath(ref)} at ${world.clock.monotonic()}`);
    };
    const change = (policy: AccessPolicy) => {
      before = world.access.policy;
      changedAtMs = world.clock.monotonic();
      world.access.replace(policy);
    };
    for (const path of PATHS) world.provider.write(path, `${path} 1`);
    const secrets = PATHS.flatMap((path, index) => {
      const pin = random.chance(0.2) ? { vault_version: '1' } : {};
      return [world.swarm.addSecret(`s${index}`, { vault_path: path, ...pin })];
    });
    change(randomPolicy(random));
    world.start();
    for (const name of SERVICES) world.swarm.addService(name, random.between(1, 2), random.some(secrets, 0.5));
    for (let step = 0; step < 12; step++) {
      await world.run(random.between(500, 8_000));
      const path = random.pick(PATHS);
      switch (random.pick(['write', 'write', 'bad', 'policy', 'restart', 'force'])) {
        case 'write':
          world.provider.write(path, `${path} of ${step}`);
          break;
        case 'bad':
          world.provider.write(path, `bad ${random.pick(SERVICES)} ${step}`);
          break;
        case 'policy':
          change(randomPolicy(random));
          break;
        case 'restart':
          world.kill();
          world.start();
          break;
        default: {
          const service = random.pick(world.swarm.services);
          world.swarm.forceUpdate(service.id);
        }
      }
    }
    await world.run(30_000);
    expect(wrong).toEqual([]);
  },
);

/** One service that reads `shop/db`, and another one that may not. */
async function twoServices() {
  const world = new World();
  world.provider.write('shop/db', 'one');
  world.access.replace({
    mode: 'enforce',
    default: 'deny',
    rules: [{ stacks: null, services: ['shop_*'], grant: new Map([['vault', ['shop/*']]]), versions: 'any' }],
    stacksOfProvider: new Map(),
  });
  const secret = world.swarm.addSecret('db', { vault_path: 'shop/db' });
  world.start();
  const allowed = world.swarm.addService('shop_web', 1, [secret]);
  const denied = world.swarm.addService('pay_web', 1, [secret]);
  await world.run(10_000);
  return { world, allowed, denied };
}

const MESSAGE = 'the access policy denies service pay_web vault shop/db: no rule is for it, and the default is deny';

test('a denied service gets an error and an event, and one that is allowed the same secret is not affected', async () => {
  const { world, allowed, denied } = await twoServices();
  expect(world.heldText(denied, 'db')).toEqual([]);
  expect(world.events).toContainEqual(
    expect.objectContaining({ type: 'delivery.failed', service: 'pay_web', code: 'POLICY_DENIED', message: MESSAGE }),
  );
  expect(world.events).toContainEqual(
    expect.objectContaining({ type: 'access.denied', service: 'pay_web', message: MESSAGE }),
  );
  expect(world.rotation.status().problems).toMatchObject([
    { code: 'POLICY_DENIED', detail: expect.stringContaining(MESSAGE) },
  ]);
  world.provider.write('shop/db', 'two');
  await world.run(20_000);
  expect(world.heldText(allowed, 'db')).toEqual(['two']);
  expect(
    world.events.some((event) => 'service' in event && event.service === 'shop_web' && event.type === 'access.denied'),
  ).toBe(false);
});

test('a policy that is only reported denies nothing, and one that is changed takes effect at once', async () => {
  const { world, denied } = await twoServices();
  world.access.replace({ ...world.access.policy, mode: 'report' });
  await world.run(20_000);
  expect(world.heldText(denied, 'db')).toEqual(['one']);
  expect(world.rotation.status().problems.map(({ code }) => code)).not.toContain('POLICY_DENIED');
  expect(world.events).toContainEqual(expect.objectContaining({ type: 'access.denied', isEnforced: false }));
  world.access.replace({ ...world.access.policy, mode: 'enforce' });
  await world.run(2_000);
  // A task that runs keeps its value. It is not rolled to one that it could not get.
  world.provider.write('shop/db', 'two');
  await world.run(20_000);
  expect(world.heldText(denied, 'db')).toEqual(['one']);
  expect(world.rotation.status().services.find(({ name }) => name === 'pay_web')?.waitingReason?.message).toContain(
    MESSAGE,
  );
});
