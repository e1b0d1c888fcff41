import { stringifyLosslessJson } from '@vault-swarm/provider';
import { describeProviderContract, startTcpProxy } from '@vault-swarm/provider-contract';
import { createStoreProvider } from './adapter.ts';
import { Store } from './store.ts';

describeProviderContract('the small store', {
  capabilities: {
    outage: true,
    hang: true,
    drip: true,
    denial: true,
    login: true,
    throttling: true,
    hold: true,
    withdrawal: 'a value exists or not',
    locations: 'it has one list of names',
    checksum: 'it sends none',
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
    const proxy = await startTcpProxy(store.address);
    return {
      largestValueBytes: 511_999,
      open: async (tools) => createStoreProvider({ address: proxy.url, token: () => token }, tools),
      write: async (name, payload) => store.write(name, stringifyLosslessJson({ ...payload })),
      delete: async (name) => store.delete(name),
      ref: (name, options = {}) => ({ provider: 'store', location: { name }, encoding: 'raw', ...options }),
      async tearDown() {
        await proxy.close();
        await store.stop();
      },
      outage: proxy.outage,
      hang: proxy.hang,
      drip: proxy.drip,
      hold: proxy.hold,
      throttling: {
        async start() {
          store.isThrottling = true;
        },
        async end() {
          store.isThrottling = false;
        },
      },
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
