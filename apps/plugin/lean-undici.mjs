import { dirname } from 'node:path';

// undici's index also loads its fetch, WebSocket, caches and mocks: 20 ms of CPU time at each start, before the first
// value can be read. These are the parts that the Vault adapter uses; the proxy part is loaded only if a proxy is
// configured. HTTP/2 is not used, and loading it costs 7 ms more.
const parts = `
  module.exports = {
    Agent: require('undici/lib/dispatcher/agent.js'),
    buildConnector: require('undici/lib/core/connect.js'),
    Pool: require('undici/lib/dispatcher/pool.js'),
    get ProxyAgent() {
      require('undici/lib/dispatcher/dispatcher.js').prototype.connect = require('undici/lib/api/api-connect.js');
      return require('undici/lib/dispatcher/proxy-agent.js');
    },
  };`;

const withoutHttp2 = `module.exports = () => { throw new Error('HTTP/2 is not part of this bundle'); };`;

/** For esbuild: replaces undici's index with the parts that are used. */
export const leanUndici = {
  name: 'lean-undici',
  setup({ initialOptions, onResolve, onLoad }) {
    // With this name undici leaves out a second, experimental HTTP parser, 165 kB.
    initialOptions.define = { ...initialOptions.define, esbuildDetection: 'true' };
    onResolve({ filter: /\/client-h2\.js$/ }, () => ({ path: 'client-h2', namespace: 'lean-undici' }));
    onResolve({ filter: /^undici$/ }, ({ importer }) => ({
      path: 'undici',
      namespace: 'lean-undici',
      pluginData: { resolveDir: dirname(importer) },
    }));
    onLoad({ filter: /^client-h2$/, namespace: 'lean-undici' }, () => ({ contents: withoutHttp2 }));
    onLoad({ filter: /^undici$/, namespace: 'lean-undici' }, ({ pluginData: { resolveDir } }) => ({
      contents: parts,
      resolveDir,
    }));
  },
};
