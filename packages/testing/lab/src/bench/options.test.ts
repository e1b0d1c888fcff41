import { expect, it } from 'vitest';
import { parseOptions } from './options.ts';
import { fullScale, quickScale } from './scale.ts';

const parse = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  parseOptions(args, env, ['start', 'storm']);

it('takes all cases, 10 ms and no peer where nothing is said', () => {
  expect(parse([])).toEqual({ names: [], latenciesMs: [10], json: undefined, scale: fullScale, peer: undefined });
});

it('takes cases, latencies, a file, and the peer from the environment', () => {
  const env = { PEER_CMD: 'other', PEER_SOCKET: '/run/other.sock', PEER_LABELS: '{"at":"{path}"}' };
  const { peer, ...rest } = parse(['storm', '--latency', '0,10,100', '--json', '-', '--quick'], env);
  expect(rest).toEqual({ names: ['storm'], latenciesMs: [0, 10, 100], json: '-', scale: quickScale });
  expect(peer).toMatchObject({ command: 'other', socketPath: '/run/other.sock' });
  expect(peer?.labels({ path: 'a', field: 'b' })).toEqual({ at: 'a' });
});

it.each([
  [['strom'], {}, 'no case strom; there are start, storm'],
  [['--latency', '10ms'], {}, '--latency 10ms: it must be whole milliseconds'],
  [['--fast'], {}, 'usage: npm run bench'],
  [[], { PEER_CMD: 'other' }, 'PEER_CMD needs PEER_SOCKET'],
  [[], { PEER_SOCKET: '/run/other.sock' }, 'PEER_CMD is missing'],
  [[], { PEER_CMD: 'other', PEER_SOCKET: '/run/other.sock', PEER_LABELS: '[]' }, 'PEER_LABELS=[]: it must be'],
])('refuses %j with %j and says why', (args, env, message) => {
  expect(() => parse(args, env)).toThrow(message);
});
