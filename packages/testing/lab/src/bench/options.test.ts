import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openDocument } from '../documents/document-blocks.ts';
import { parseOptions } from './options.ts';
import { fullScale, quickScale } from './scale.ts';

const program = process.execPath;
const here = fileURLToPath(import.meta.url);
const parse = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  parseOptions(args, env, ['start', 'storm']);

it('has all cases, 10 ms and no peer by default', () => {
  expect(parse([])).toEqual({
    names: [],
    latenciesMs: [10],
    json: undefined,
    scale: fullScale,
    peer: undefined,
    base: undefined,
  });
});

it('accepts cases, latencies, a file, and a peer from the environment', () => {
  const env = { PEER_BIN: program, PEER_SOCKET: '/run/other.sock', PEER_LABELS: '{"at":"{path}"}' };
  const { peer, ...rest } = parse(['storm', '--latency', '0,10,100', '--json', '-', '--quick'], env);
  expect(rest).toEqual({ names: ['storm'], latenciesMs: [0, 10, 100], json: '-', scale: quickScale, base: undefined });
  expect(peer).toMatchObject({ program, socketPath: '/run/other.sock' });
  expect(peer?.labels({ path: 'a', field: 'b' })).toEqual({ at: 'a' });
});

it('by default a peer in a sandbox serves on the socket of a Go plugin named plugin', () => {
  const { peer } = parse([], { PEER_BIN: program, VAULT_SWARM_SANDBOX: '/tmp/box' });
  expect(peer).toMatchObject({ program, socketPath: '/run/docker/plugins/plugin.sock' });
  expect(peer?.labels({ path: 'a', field: 'b' })).toEqual({ vault_path: 'a', vault_field: 'b' });
});

it('accepts the commands of the guide', () => {
  const guide = openDocument('docs/guides/benchmark.md', import.meta.filename);
  const cases = ['start', 'storm', 'hang'];
  for (const line of guide.take('Benchmarks', 'sh').trim().split('\n')) {
    const [, given = ''] = /^npm run (?:--silent )?bench(?: -- (.*?))? +#/.exec(line) ?? expect.fail(line);
    expect(() => parseOptions(given.split(' ').filter(Boolean), {}, cases)).not.toThrow();
  }
  expect(guide.left()).toEqual([]);
});

it.each([
  [['strom'], {}, 'no case strom; there are start, storm'],
  [['--latency', '10ms'], {}, '--latency 10ms: it must be whole milliseconds'],
  [['--fast'], {}, 'usage: npm run bench'],
  [[], { PEER_BIN: 'other' }, 'PEER_BIN=other: it must be an absolute path'],
  [[], { PEER_BIN: '/no/such' }, 'PEER_BIN=/no/such: there is no such file'],
  [[], { PEER_BIN: '/' }, 'PEER_BIN=/: it is no file'],
  [[], { PEER_BIN: here }, 'it is not executable'],
  [[], { PEER_BIN: program }, 'PEER_BIN would serve on /run/docker/plugins/plugin.sock of this machine'],
  [[], { PEER_SOCKET: '/run/other.sock' }, 'PEER_BIN is missing'],
  [[], { BASE_CMD: '/no/such' }, 'BASE_CMD=/no/such: there is no such file'],
  [[], { BASE_CMD: program, PEER_BIN: program }, 'only one can be compared with the plugin'],
  [[], { PEER_BIN: program, PEER_SOCKET: '/run/other.sock', PEER_LABELS: '[]' }, 'PEER_LABELS=[]: it must be'],
])('refuses %j with %j and says why', (args, env, message) => {
  expect(() => parse(args, env)).toThrow(message);
});
