import { dirname } from 'node:path';

// undici's index loads its fetch, WebSocket, caches and mocks too: 20 ms of CPU time at each start, before the first value
// can be read. These are the parts that the Vault adapter uses; the proxy's is loaded where there is a proxy.
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

/** For esbuild: in the place of undici's index stand the parts of it that are used. */
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
