// Packages that our dependencies load for features that we do not use: Docker over SSH, BuildKit sessions, and
// node-vault's own
// transport, which undici replaces.
const unused = /^(axios|ssh2|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|tar-fs|@balena\/dockerignore)$/;

/** For esbuild: replaces them with a stub that fails when it is called. */
export const leaveOutUnused = {
  name: 'leave-out-what-is-never-called',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: unused }, ({ path: name }) => ({ path: name, namespace: 'unused' }));
    onLoad({ filter: /.*/, namespace: 'unused' }, ({ path: name }) => ({
      contents: `
        const fail = () => { throw new Error('${name} is not part of this bundle'); };
        module.exports = new Proxy(function unused() {}, {
          get: (target, key) => (key === '__esModule' ? false : key === 'prototype' ? target.prototype : module.exports),
          apply: fail,
          construct: fail,
        });`,
    }));
  },
};
