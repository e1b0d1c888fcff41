import { SeededRandom } from '@vault-swarm/simulation';
import { hostileBody, rightBody } from './hostile-bodies.ts';

/** What one connection sends, and how it may be answered. */
export interface HostileRequest {
  readonly name: string;
  /** Sent one after the other, so that each reaches the server alone more often than not. */
  readonly pieces: readonly Buffer[];
  /** Pieces are sent one every so many milliseconds; 0 is at once. */
  readonly pauseMs: number;
  /** What happens after the last piece: nothing, the sending side is closed, or all of the connection. */
  readonly ending: 'wait' | 'half-close' | 'reset';
  /** The statuses of all answers, in their order; more than one list where the order of events decides. */
  readonly answers: readonly (readonly number[])[];
  /** Within which the connection is closed, or has all its answers. */
  readonly withinMs: number;
}

const PATH = '/SecretProvider.GetSecret';
/** What a busy machine, and how often the server looks, add to the server's limits. */
const SOON_MS = 20_000;
const HEAD_MS = 5_000 + SOON_MS;
const REQUEST_MS = 10_000 + SOON_MS;

const head = (lines: readonly string[], method = 'POST', path = PATH, version = 'HTTP/1.1') =>
  Buffer.from(`${[`${method} ${path} ${version}`, ...lines].join('\r\n')}\r\n\r\n`, 'latin1');
const withBody = (body: Buffer, more: readonly string[] = [], path = PATH, method = 'POST') =>
  Buffer.concat([head([`Content-Length: ${body.length}`, ...more], method, path), body]);
const close = 'Connection: close';
const json = (random: SeededRandom) => Buffer.from(JSON.stringify(rightBody(random)));

function chunked(body: Buffer, random: SeededRandom): Buffer {
  const parts: Buffer[] = [head(['Transfer-Encoding: chunked', close])];
  for (let at = 0; at < body.length; ) {
    const size = body.length > 10_000 ? 65_536 : random.between(1, 50);
    const part = body.subarray(at, at + size);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
    at += part.length;
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

/** Cuts bytes into a few pieces, as a network would. */
function cut(bytes: Buffer, random: SeededRandom): readonly Buffer[] {
  const at = Array.from({ length: random.between(0, 4) }, () => random.between(0, bytes.length)).sort((a, b) => a - b);
  return [0, ...at]
    .map((from, index) => bytes.subarray(from, at[index] ?? bytes.length))
    .filter(({ length }) => length > 0);
}

type Maker = (
  random: SeededRandom,
) => Omit<HostileRequest, 'pauseMs' | 'ending' | 'withinMs' | 'pieces'> &
  Partial<HostileRequest> & { readonly bytes?: Buffer };

const one = (name: string, bytes: Buffer, ...statuses: readonly number[]) => ({
  name,
  bytes,
  answers: statuses.map((status) => [status]),
});

const quick: readonly Maker[] = [
  (random) => {
    const { name, bytes, status } = hostileBody(random);
    return one(`body: ${name}`, withBody(bytes, [close]), status);
  },
  (random) => {
    const { name, bytes, status } = hostileBody(random);
    return one(`chunked body: ${name}`, chunked(bytes, random), status);
  },
  (random) => {
    const path = random.pick(['/', '/Plugin.activate', `${PATH}/x`, '/%00', '/..;/', `/${'x'.repeat(8_000)}`]);
    return one('a wrong path', withBody(json(random), [close], path), 404);
  },
  (random) => {
    const method = random.pick(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']);
    const path = random.pick([PATH, '/Plugin.Activate']);
    return one('a wrong method', withBody(json(random), [close], path, method), 405);
  },
  (random) => one('an unknown method', withBody(json(random), [], PATH, random.pick(['post', 'FETCH'])), 405),
  (random) => one('no method', withBody(json(random), [], PATH, random.pick(['P O S T', '\x00'])), 400),
  (random) => {
    const version = random.pick(['HTTP/1.1.1', 'HTTP/9.9', 'HTTP/x', 'HTP/1.1', '']);
    return one('a wrong version', head([close], 'POST', PATH, version), 400);
  },
  (random) => {
    const length = random.pick(['-1', '1e3', '0x10', '7,7', '9'.repeat(40), '1 2', 'ten']);
    return one('a wrong Content-Length', head([`Content-Length: ${length}`]), 400);
  },
  (random) => one('a length beyond all', head([`Content-Length: ${2 ** random.between(21, 50)}`]), 413),
  (random) => {
    const body = json(random);
    const other = random.pick([`Content-Length: ${body.length}`, 'Content-Length: 0', 'Transfer-Encoding: chunked']);
    return one('two lengths', withBody(body, [other]), 400);
  },
  (random) => {
    const coding = random.pick(['gzip', 'chunked, gzip', 'identity', 'chunkedx']);
    return one('a coding that ends nowhere', head([`Transfer-Encoding: ${coding}`]), 400);
  },
  (random) => {
    const wrong = random.pick([
      'zz\r\nx',
      '-1\r\nx',
      '5 5\r\nhello',
      `${'f'.repeat(20)}\r\nx`,
      '3\r\nhello\r\n',
      '1\nx\n',
    ]);
    return one('a wrong chunk', Buffer.concat([head(['Transfer-Encoding: chunked']), Buffer.from(wrong)]), 400);
  },
  (random) => {
    const long = `1;${'x'.repeat(random.between(17_000, 60_000))}`;
    return one(
      'a chunk extension too long',
      Buffer.concat([head(['Transfer-Encoding: chunked']), Buffer.from(long)]),
      400,
      413,
    );
  },
  (random) => {
    const lines = random.pick([
      [`X: ${'x'.repeat(random.between(17_000, 100_000))}`],
      Array.from({ length: 5_000 }, (_, index) => `a${index}: b`),
    ]);
    return one('a head too long', head(lines), 431);
  },
  (random) => {
    const line = random.pick(['X\x00: y', 'X: \x00', ': y', 'X : y', 'no colon', 'X: a\rb', '\x01: y']);
    return one('a wrong header', head([line]), 400);
  },
  (random) => {
    const twice = random.pick(['Host: a', 'Content-Type: text/plain', 'Accept: x', 'User-Agent: x', 'Cookie: a']);
    return one('a header twice', withBody(json(random), [twice, twice, close]), 200);
  },
  (random) => one('an expectation', withBody(json(random), ['Expect: miracles', close]), 417),
  (random) => one('a tunnel', withBody(json(random), [], 'x:1', 'CONNECT'), 405),
  (random) => one('an upgrade', withBody(json(random), ['Connection: Upgrade, close', 'Upgrade: websocket']), 200),
  (random) => {
    const noise = Buffer.from(Array.from({ length: random.between(1, 400) }, () => random.between(0x80, 0xff)));
    return one('noise', noise, 400);
  },
  (random) => {
    const others = [
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01',
      'SSH-2.0-x\r\n',
      'get\r\n\r\n',
    ];
    return one('another protocol', Buffer.from(random.pick(others), 'latin1'), 400);
  },
  (random) => ({
    ...one('cut off and half-closed', withBody(json(random)), 400),
    bytes: withBody(json(random)).subarray(0, random.between(1, 150)),
    ending: 'half-close',
  }),
  (random) => ({ name: 'half-closed', bytes: withBody(json(random)), answers: [[200], []], ending: 'half-close' }),
  () => ({ name: 'closed without a word', bytes: Buffer.alloc(0), answers: [[]], ending: 'half-close' }),
  (random) => {
    const whole = withBody(json(random));
    const bytes = whole.subarray(0, random.between(0, whole.length));
    return { name: 'reset', bytes, answers: [[], [200], [400]], ending: 'reset' };
  },
  (random) => {
    const statuses = Array.from({ length: random.between(2, 30) }, () => random.pick([200, 200, 400, 404, 405]));
    const requests = statuses.map((status, index) => {
      const more = index === statuses.length - 1 ? [close] : [];
      if (status === 200) return withBody(json(random), more);
      if (status === 400) return withBody(Buffer.from('{'), more);
      return status === 404 ? withBody(json(random), more, '/x') : withBody(json(random), more, PATH, 'PUT');
    });
    // Who is refused before the body is there is answered at once, and the connection then closed.
    const cutShort = statuses.flatMap((status, index) => (status > 403 ? [statuses.slice(0, index + 1)] : []));
    return { name: 'one after the other', bytes: Buffer.concat(requests), answers: [statuses, ...cutShort] };
  },
  (random) => {
    const right = Array.from({ length: random.between(1, 5) }, () => withBody(json(random)));
    const bytes = Buffer.concat([...right, Buffer.from('\x80\x81 nonsense\r\n\r\n', 'latin1')]);
    return { name: 'nonsense after right ones', bytes, answers: [[...right.map(() => 200), 400]] };
  },
];

const slow: readonly Maker[] = [
  () => ({ name: 'silence', bytes: Buffer.alloc(0), answers: [[408], []], withinMs: HEAD_MS }),
  (random) => {
    const whole = withBody(json(random));
    return { ...one('a head that stops', whole.subarray(0, random.between(1, 40)), 408), withinMs: HEAD_MS };
  },
  (random) => {
    const whole = withBody(json(random));
    return {
      ...one('a body that stops', whole.subarray(0, whole.length - random.between(1, 100)), 408),
      withinMs: REQUEST_MS,
    };
  },
  (random) => {
    const pieces = [...head([`X: ${'x'.repeat(random.between(50, 200))}`])].map((byte) => Buffer.from([byte]));
    return { ...one('a head that drips', Buffer.alloc(0), 408), pieces, pauseMs: 200, withinMs: HEAD_MS };
  },
  (random) => {
    const body = Array.from({ length: 200 }, () => Buffer.from('1\r\nx\r\n'));
    const pieces = [head(['Transfer-Encoding: chunked']), ...body];
    const pauseMs = random.between(100, 200);
    return { ...one('a body that drips', Buffer.alloc(0), 408), pieces, pauseMs, withinMs: REQUEST_MS };
  },
  (random) => {
    const stops = withBody(json(random)).subarray(0, 30);
    const bytes = Buffer.concat([withBody(json(random)), stops]);
    return { name: 'a second head that stops', bytes, answers: [[200, 408]], withinMs: HEAD_MS };
  },
];

/**
 * The request of that number: the same for the same seed, whatever was made before it. So one that fails among thousands
 * that run at the same time is played again alone, which a property test's shrinking could not do: it would have to run
 * all of them again for each step, and in another order of events.
 */
export function hostileRequest(seed: number, index: number, pace: 'quick' | 'slow' = 'quick'): HostileRequest {
  const random = new SeededRandom(seed * 1_000_003 + index);
  const { bytes = Buffer.alloc(0), ...made } = random.pick(pace === 'quick' ? quick : slow)(random);
  return { pauseMs: 0, ending: 'wait', withinMs: SOON_MS, pieces: cut(bytes, random), ...made };
}
