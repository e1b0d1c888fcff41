import type { Capability, Disturbance, SecretDisturbance } from '../capability.ts';
import type { Harness } from '../harness.ts';
import { type Behaviour, MemoryProvider, rightBehaviour } from './memory-provider.ts';
import { MemoryStore, payloadOf } from './memory-store.ts';

/** All capabilities: the memory provider has every one. */
export const everyCapability = {
  bytes: true,
  pins: true,
  outage: true,
  hang: true,
  drip: true,
  denial: true,
  login: true,
  throttling: true,
  withdrawal: true,
  hold: true,
  locations: true,
  checksum: true,
  exactNumbers: true,
  digestRevisions: true,
  createdAt: true,
  markers: true,
  hints: true,
  oldRevisions: true,
  order: true,
} as const satisfies Record<Capability, true>;

/** A small provider in memory, correct except for the parts that `mutation` replaces. */
export function createMemoryHarness(mutation: Partial<Behaviour> = {}): Harness<typeof everyCapability> {
  const behaviour = { ...rightBehaviour, ...mutation };
  const store = new MemoryStore();
  const opened: MemoryProvider[] = [];
  const keyOf = (name: string, region = '') => behaviour.locationKey({ name, region });
  const disturb = (disturbance: NonNullable<MemoryStore['disturbance']>): Disturbance => ({
    async start() {
      store.disturbance = disturbance;
    },
    async end() {
      if (behaviour.recovers) store.disturbance = undefined;
    },
  });
  const silence: Disturbance = {
    async start() {
      store.released = new Promise((resolve) => {
        store.release = resolve;
      });
    },
    async end() {
      store.release();
      store.released = undefined;
    },
  };
  const listing = (names: Set<string>): SecretDisturbance => ({
    start: async (name) => void names.add(keyOf(name)),
    end: async (name) => void names.delete(keyOf(name)),
  });
  return {
    largestValueBytes: 499 * 1024,
    async open(tools) {
      const instance = new MemoryProvider(store, behaviour, tools);
      opened.push(instance);
      return instance;
    },
    write: async (name, payload) => store.write(keyOf(name), payloadOf(payload)),
    delete: async (name) => void store.versions.delete(keyOf(name)),
    ref: (name, options = {}) => ({ provider: 'memory', location: { name }, encoding: 'raw', ...options }),
    async tearDown() {
      for (const instance of opened) instance.endLeftovers();
    },
    bytes: { write: async (name, bytes) => store.write(keyOf(name), { kind: 'bytes', bytes }) },
    pins: {
      current: async (name) => String(store.versions.get(keyOf(name))?.at(-1)?.number),
      missing: '999999',
    },
    outage: disturb('outage'),
    login: disturb('login'),
    throttling: disturb('throttling'),
    hang: silence,
    // In memory there are no partial responses, so dripping is the same as hanging.
    drip: silence,
    hold: store.hold,
    denial: listing(store.denied),
    withdrawal: listing(store.withdrawn),
    locations: {
      write: async (name, payload) => store.write(keyOf(name, 'other'), payloadOf(payload)),
      ref: (name) => ({ provider: 'memory', location: { name, region: 'other' }, encoding: 'raw' }),
    },
    checksum: {
      async start() {
        store.isDamaged = true;
      },
      async end() {
        store.isDamaged = false;
      },
    },
  };
}
