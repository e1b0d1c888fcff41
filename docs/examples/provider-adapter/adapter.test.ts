import { stringifyLosslessJson } from '@vault-swarm/provider';
import { describeProviderContract } from '@vault-swarm/provider-contract';
import { createStoreProvider } from './adapter.ts';
import { type Manner, Store } from './store.ts';

describeProviderContract('the small store', {
  capabilities: {
    outage: true,
    hang: true,
    drip: true,
    denial: true,
    login: true,
    throttling: true,
    exactNumbers: true,
    markers: true,
    bytes: 'it stores JSON',
    pins: 'it keeps no old versions',
    oldRevisions: 'it keeps no old versions',
    order: 'it has one copy of each value, so no read is older than the one before',
    digestRevisions: 'it counts its writes',
    createdAt: 'it keeps no times',
    hints: 'it tells nobody of a change',
  },
  async setUp() {
    const store = new Store();
    await store.start();
    let token = store.token;
    const behaving = (manner: Manner) => ({
      start: async () => store.behave(manner),
      end: async () => store.behave('well'),
    });
    return {
      largestValueBytes: 511_999,
      open: async () => createStoreProvider({ name: 'store', address: store.address, token: () => token }),
      write: async (name, payload) => store.write(name, stringifyLosslessJson({ ...payload })),
      delete: async (name) => store.delete(name),
      ref: (name, options = {}) => ({ provider: 'store', location: { name }, encoding: 'raw', ...options }),
      tearDown: () => store.stop(),
      outage: { start: () => store.stop(), end: () => store.start() },
      hang: behaving('not at all'),
      drip: behaving('in drips'),
      throttling: behaving('too many requests'),
      denial: {
        start: async (name) => void store.forbidden.add(name),
        end: async (name) => void store.forbidden.delete(name),
      },
      login: {
        async start() {
          store.token = 'second';
        },
        async end() {
          token = 'second';
        },
      },
    };
  },
});
