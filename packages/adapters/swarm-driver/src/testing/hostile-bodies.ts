import type { SeededRandom } from '@vault-swarm/simulation';

/** A body for GetSecret, and the status that is its right answer. */
export interface BodyCase {
  readonly name: string;
  readonly bytes: Buffer;
  readonly status: 200 | 400 | 413;
}

const LIMIT = 1_048_576;

/** What the engine sends, with a secret's name that identifies the answer. */
export function rightBody(random: SeededRandom, secretName = `s${random.between(0, 1e9)}`): Record<string, unknown> {
  return {
    SecretName: secretName,
    SecretLabels: { vault_path: `app/${random.between(0, 99)}`, 'com.docker.stack.namespace': 'x' },
    ServiceID: 'o3bmvsw5y0v2k7cqxlkv6a2yw',
    ServiceName: 'web',
    ServiceEndpointSpec: { Mode: 1 },
    TaskID: 't5m1p0v2k7cqxlkv6a2ywo3bm',
    NodeID: 'n5m1p0v2k7cqxlkv6a2ywo3bm',
  };
}

const text = (value: unknown) => Buffer.from(JSON.stringify(value));
const noText: readonly ((random: SeededRandom) => unknown)[] = [
  (random) => random.between(-1e15, 1e15),
  () => true,
  () => [],
  () => ['db'],
  () => ({}),
  () => ({ toString: 'db' }),
  () => 1e300,
];

function nested(random: SeededRandom): BodyCase {
  const depth = random.between(1, 200_000);
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
  ] as const);
  const inside = `${open.repeat(depth)}1${close.repeat(depth)}`;
  const body = random.pick<BodyCase>([
    { name: 'nested and cut off', bytes: Buffer.from(open.repeat(depth)), status: 400 },
    { name: 'nested labels', bytes: Buffer.from(`{"SecretName":"s","SecretLabels":{"a":${inside}}}`), status: 400 },
    { name: 'nested name', bytes: Buffer.from(`{"SecretName":${inside}}`), status: 400 },
    { name: 'nested in what is not checked', bytes: Buffer.from(`{"SecretName":"s","X":${inside}}`), status: 200 },
  ]);
  return body.bytes.length > LIMIT ? { ...body, status: 413 } : body;
}

const makers: readonly ((random: SeededRandom) => BodyCase)[] = [
  (random) => ({ name: 'a right one', bytes: text(rightBody(random)), status: 200 }),
  () => ({ name: 'nothing', bytes: Buffer.alloc(0), status: 400 }),
  (random) => {
    const whole = text(rightBody(random));
    return { name: 'cut off', bytes: whole.subarray(0, random.between(1, whole.length - 1)), status: 400 };
  },
  (random) => {
    const bytes = text(rightBody(random));
    bytes[bytes.indexOf('app/') + random.between(0, 3)] = random.pick([0x80, 0xbf, 0xc0, 0xf5, 0xfe, 0xff]);
    return { name: 'not UTF-8', bytes, status: 400 };
  },
  (random) => {
    const bytes = Buffer.from(Array.from({ length: random.between(1, 300) }, () => random.between(0x80, 0xff)));
    return { name: 'noise', bytes, status: 400 };
  },
  (random) => {
    const field = random.pick(['SecretName', 'SecretLabels', 'ServiceName', 'ServiceID', 'TaskID']);
    const wrong = random.pick(noText)(random);
    // Labels are an object, so an empty one is right, and one of texts too.
    const value = field === 'SecretLabels' ? random.pick<unknown>([[], 7, 'x', true, { a: wrong }]) : wrong;
    return { name: `${field} of a wrong type`, bytes: text({ ...rightBody(random), [field]: value }), status: 400 };
  },
  (random) => {
    const value = random.pick<unknown>([null, 7, 'db', true, [], [{ SecretName: 'db' }], {}, { secretname: 'db' }]);
    return { name: 'no object with a name', bytes: text(value), status: 400 };
  },
  (random) => {
    const name = random.pick([
      '__proto__',
      'constructor',
      '\u0000',
      '\ud800',
      '😀',
      '"\\',
      '../../etc',
      'é'.repeat(60),
    ]);
    const key = JSON.stringify(random.pick(['__proto__', 'constructor', 'toString', '']));
    const bytes = Buffer.from(`{"SecretName":${JSON.stringify(name)},"SecretLabels":{${key}:"x"}}`);
    return { name: 'an odd name', bytes, status: 200 };
  },
  (random) => {
    const field = random.pick(['SecretName', 'ServiceName', 'ServiceID', 'TaskID']);
    const long = 'x'.repeat(random.between(1_025, 500_000));
    return { name: `${field} too long`, bytes: text({ ...rightBody(random), [field]: long }), status: 400 };
  },
  (random) => ({ name: 'a byte order mark', bytes: Buffer.from(`\ufeff${text(rightBody(random))}`), status: 200 }),
  (random) => {
    const twice = `{"SecretName":7,${text(rightBody(random)).toString().slice(1)}`;
    return { name: 'a field twice', bytes: Buffer.from(twice), status: 200 };
  },
  (random) => {
    const padding = Buffer.alloc(LIMIT - random.between(1_000, 10_000), ' ');
    return { name: 'almost 1 MiB', bytes: Buffer.concat([text(rightBody(random)), padding]), status: 200 };
  },
  (random) => {
    const labels = Object.fromEntries(Array.from({ length: random.between(1, 20_000) }, (_, at) => [`l${at}`, 'x']));
    return { name: 'many labels', bytes: text({ ...rightBody(random), SecretLabels: labels }), status: 200 };
  },
  (random) => ({ name: 'too long', bytes: Buffer.alloc(LIMIT + random.between(1, 200_000), ' '), status: 413 }),
  nested,
];

/** How rarely the bodies come that take the test itself most of its time to send. */
const LARGE = /MiB|too long|nested|many/;
const LARGE_CHANCE = 0.02;

/** Any body. */
export function hostileBody(random: SeededRandom): BodyCase {
  for (;;) {
    const made = random.pick(makers)(random);
    if (!LARGE.test(made.name) || random.chance(LARGE_CHANCE)) return made;
  }
}
