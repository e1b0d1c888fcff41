import { ShiftedClock, SteppedClock } from '@vault-swarm/lab/clocks';
import { probeAll, readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import type { ProductEvent } from '@vault-swarm/provider';
import { afterEach, describe, expect, test } from 'vitest';
import { providerOf, refTo } from './testing/configured.ts';
import {
  data,
  invalidToken,
  login,
  metadata,
  mount,
  permissionDenied,
  type ScriptedAnswer,
  type SeenRequest,
  startScriptedVault,
  version2,
} from './testing/scripted-vault.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const approle = { VAULT_AUTH_METHOD: 'approle', VAULT_ROLE_ID: 'role', VAULT_SECRET_ID: 'secret-id' };
const userpass = { VAULT_AUTH_METHOD: 'userpass', VAULT_USERNAME: 'plugin', VAULT_PASSWORD: 'secret' };
const fromToken = { VAULT_TOKEN: 'ours' };

/** A provider on a server that answers so, and in `faults` first to requests for these paths, each once. */
async function setUp(
  faults: readonly (readonly [path: string, answer: ScriptedAnswer])[],
  variables: Variables = fromToken,
  clock: ShiftedClock | SteppedClock = new ShiftedClock(),
) {
  const left = [...faults];
  const vault = await startScriptedVault((request) => {
    const index = left.findIndex(([path]) => request.path.startsWith(path));
    return index < 0 ? usual(request) : left.splice(index, 1)[0]?.[1];
  });
  const outcomes: string[] = [];
  const emit = (event: ProductEvent) => {
    if (event.type !== 'provider.request-completed') return;
    outcomes.push(`${event.operation} ${event.outcome}${event.isRepeated === true ? ', again' : ''}`);
  };
  const instance = providerOf({ VAULT_ADDR: vault.address, ...variables }, clock, { emit });
  closing.push(vault.close, () => instance.close());
  const count = (path: string) => vault.seen.filter((request) => request.path.startsWith(path)).length;
  /** The outcomes that count against the provider. */
  const troubles = () => outcomes.filter((outcome) => /UNAVAILABLE$|UNAUTHENTICATED$/.test(outcome));
  const fault = (path: string, answer: ScriptedAnswer) => void left.push([path, answer]);
  return { instance, clock, outcomes, count, troubles, fault };
}

function usual({ path }: SeenRequest): ScriptedAnswer | undefined {
  if (path === 'auth/token/lookup-self') return data({ ttl: 0, renewable: false });
  if (path.startsWith('auth/')) return login('token', 3600);
  if (path === 'sys/internal/ui/mounts') return data({ secret: { 'secret/': {} } });
  if (path.startsWith('sys/internal/ui/mounts/')) return mount('secret', '2');
  if (path.startsWith('secret/metadata/')) return metadata();
  return path.startsWith('secret/data/app') ? version2({ value: 'good' }) : undefined;
}

const status = (code: number, ...errors: string[]): ScriptedAnswer => ({ status: code, json: { errors } });
const passing: readonly (readonly [what: string, answer: ScriptedAnswer])[] = [
  ['a 412', status(412, 'required index state not present')],
  ['a 472', { status: 472, json: { standby: true } }],
  ['a 473', { status: 473, json: { performance_standby: true } }],
  ['a 500', status(500, 'internal error')],
  ['a 502', { status: 502, json: '<html>Bad Gateway</html>' }],
  ['a 503', status(503, 'Vault is sealed')],
  ['a 400 of a standby', status(400, 'failed to persist lease entry: cannot write to readonly storage')],
  ['a 404 of a load balancer', { status: 404, json: '404 page not found' }],
  ['a reset connection', 'cut'],
];

describe('a read', () => {
  test.each(passing)('is repeated after %s, which is no outage', async (_what, answer) => {
    const { instance, count, outcomes, troubles } = await setUp([['secret/data/app', answer]]);
    expect(await readTextOf(instance, refTo('app'))).toBe('good');
    expect(count('secret/data/app')).toBe(2);
    expect(outcomes).toContain('read UNAVAILABLE, again');
    expect(troubles()).toEqual([]);
  });

  test.each(['secret/metadata/app', 'sys/internal/ui/mounts/secret', 'auth/token/lookup-self'])(
    'and whatever else only asks is repeated: %s',
    async (path) => {
      const { instance, count, troubles } = await setUp([[path, status(500, 'internal error')]]);
      expect(await probeAll(instance, refTo('app'))).toMatchObject([{ kind: 'marker' }]);
      expect(count(path)).toBe(2);
      expect(troubles()).toEqual([]);
    },
  );

  test.each([
    ['a quota', status(429)],
    ['a server in recovery mode', status(403)],
    ['a namespace that is locked', status(503, 'API access to this namespace has been locked by an administrator - x')],
    ['a server that says when', { status: 503, json: { errors: [] }, headers: { 'Retry-After': '5' } }],
    ['a policy', permissionDenied],
    ['a secret that is not there', status(404)],
  ] as const)('is not repeated after the answer of %s', async (_what, answer) => {
    const { instance, count } = await setUp([['secret/data/app', answer]]);
    await vaultErrorOf(instance.secrets.read(refTo('app'), soon()));
    expect(count('secret/data/app')).toBe(1);
  });

  test('of a server that is down costs one request, once that is known', async () => {
    const down = Array.from({ length: 50 }, () => ['secret/data/app', status(500, 'internal error')] as const);
    const { instance, count, outcomes } = await setUp(down);
    expect(await vaultErrorOf(instance.secrets.read(refTo('app'), soon()))).toMatchObject({ code: 'UNAVAILABLE' });
    expect(count('secret/data/app')).toBe(3);
    expect(outcomes.slice(-3)).toEqual(['read UNAVAILABLE, again', 'read UNAVAILABLE, again', 'read UNAVAILABLE']);
    for (let turn = 0; turn < 10; turn++) await vaultErrorOf(instance.secrets.read(refTo('app'), soon()));
    expect(count('secret/data/app')).toBe(13);
  });

  test('is cut off at once while it waits to be repeated', async () => {
    const { instance, count, outcomes } = await setUp(
      [['secret/data/app', status(500)]],
      fromToken,
      new SteppedClock(),
    );
    const controller = new AbortController();
    const reading = vaultErrorOf(instance.secrets.read(refTo('app'), { signal: controller.signal }));
    await expect.poll(() => outcomes, { interval: 1 }).toContain('read UNAVAILABLE, again');
    controller.abort();
    expect(await reading).toMatchObject({ code: 'UNAVAILABLE' });
    expect(count('secret/data/app')).toBe(1);
  });
});

describe('a token', () => {
  test('that has just ended is replaced, which is no outage', async () => {
    const { instance, clock, fault, count, outcomes, troubles } = await setUp([], approle);
    await readTextOf(instance, refTo('app'));
    clock.advance(3_000);
    fault('secret/data/app', invalidToken);
    expect(await readTextOf(instance, refTo('app'))).toBe('good');
    expect(count('auth/approle/login')).toBe(2);
    expect(outcomes).toContain('read UNAUTHENTICATED, again');
    expect(troubles()).toEqual([]);
  });

  test.each([invalidToken, permissionDenied])(
    'that is new is kept if a standby does not know it yet: %j',
    async (refusal) => {
      const { instance, count } = await setUp([['secret/data/app', refusal]], approle);
      expect(await readTextOf(instance, refTo('app'))).toBe('good');
      expect(count('auth/approle/login')).toBe(1);
    },
  );
});

describe('a login', () => {
  const logins = (count: (path: string) => number) => count('auth/approle/login') + count('auth/userpass/login');

  test.each([
    ['with a password after any trouble', userpass, status(500, 'internal error'), 2],
    ['with a password after a reset connection', userpass, 'cut', 2],
    ['with a secret id after a refusal that used up nothing', approle, status(503, 'Vault is sealed'), 2],
    [
      'with a secret id by a standby without an active server',
      approle,
      status(500, 'local node not active but active cluster node not found'),
      2,
    ],
    ['with a secret id never after an answer that is not clear', approle, status(500, 'internal error'), 1],
    ['with a secret id never after a bad gateway', approle, { status: 502, json: '<html/>' }, 1],
    ['with a secret id never after a reset connection', approle, 'cut', 1],
  ] as [string, Variables, ScriptedAnswer, number][])('is repeated %s', async (_what, variables, answer, expected) => {
    const { instance, count } = await setUp([['auth/', answer]], variables);
    const text = await readTextOf(instance, refTo('app')).catch(() => 'failed');
    expect(text).toBe(expected === 2 ? 'good' : 'failed');
    expect(logins(count)).toBe(expected);
    // The next caller logs in: without a login nothing works.
    expect(await readTextOf(instance, refTo('app'))).toBe('good');
  });

  test.each([
    ['after an answer that is not clear', status(500, 'internal error'), true],
    ['after a reset connection', 'cut', true],
    ['not after a server that was sealed', status(503, 'Vault is sealed'), false],
  ] as [string, ScriptedAnswer, boolean][])(
    'that is refused says that an earlier one may have used the secret id up: %s',
    async (_when, answer, isSaid) => {
      const refused = status(400, 'invalid role or secret ID');
      const { instance, clock, fault } = await setUp([], approle);
      fault('auth/approle/login', answer);
      await vaultErrorOf(instance.secrets.read(refTo('app'), soon())).catch(() => undefined);
      clock.advance(3_600_000);
      fault('auth/approle/login', refused);
      const { message } = await vaultErrorOf(instance.secrets.read(refTo('app'), soon()));
      expect(message).toContain('check VAULT_ROLE_ID and VAULT_SECRET_ID');
      expect(message.includes('may have used it up')).toBe(isSaid);
    },
  );

  test('with a wrapped secret id unwraps it once, whatever the answer is', async () => {
    const wrapped = { ...approle, VAULT_SECRET_ID_WRAPPING_PATH: 'auth/approle/role/r/secret-id' };
    for (const answer of [status(500, 'internal error'), 'cut'] as const) {
      const { instance, count, fault } = await setUp(
        [
          ['sys/wrapping/lookup', status(500, 'internal error')],
          ['sys/wrapping/lookup', data({ creation_path: 'auth/approle/role/r/secret-id' })],
          ['sys/wrapping/unwrap', answer],
        ],
        wrapped,
      );
      expect(await vaultErrorOf(instance.secrets.read(refTo('app'), soon()))).toMatchObject({ code: 'UNAVAILABLE' });
      expect(count('sys/wrapping/lookup')).toBe(2);
      expect(count('sys/wrapping/unwrap')).toBe(1);
      fault('sys/wrapping/lookup', status(400, 'wrapping token is not valid or does not exist'));
      expect((await vaultErrorOf(instance.secrets.read(refTo('app'), soon()))).message).toContain(
        'the response was lost',
      );
    }
  });
});
