import { dirname } from 'node:path';

// undici's index also loads its fetch, WebSocket, caches and mocks: 20 ms of CPU time at each start, before the first
// value can be read. These are the parts that the Vault adapter uses; the proxy part is loaded only if a proxy is
// configured.
const parts = `
  const Dispatcher = require('undici/lib/dispatcher/dispatcher.js');
  Object.assign(Dispatcher.prototype, {
    request: require('undici/lib/api/api-request.js'),
    connect: require('undici/lib/api/api-connect.js'),
  });
  module.exports = {
    Agent: require('undici/lib/dispatcher/agent.js'),
    buildConnector: require('undici/lib/core/connect.js'),
    Pool: require('undici/lib/dispatcher/pool.js'),
    get ProxyAgent() { return require('undici/lib/dispatcher/proxy-agent.js'); },
  };`;

/** For esbuild: replaces undici's index with the parts that are used. */
export const leanUndici = {
  name: 'lean-undici',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, ({ importer }) => ({
      path: 'undici',
      namespace: 'lean-undici',
      pluginData: { resolveDir: dirname(importer) },
    }));
    onLoad({ filter: /.*/, namespace: 'lean-undici' }, ({ pluginData: { resolveDir } }) => ({
      contents: parts,
      resolveDir,
    }));
  },
};
