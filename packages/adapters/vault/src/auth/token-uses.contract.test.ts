import { ShiftedClock } from '@vault-swarm/lab/clocks';
import { probeAll, readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import type { ProductEvent, ProviderInstance } from '@vault-swarm/provider';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { providerOf, refTo } from '../testing/configured.ts';
import { type RealVault, startRealOpenBao, startRealVault } from '../testing/real-vault.ts';

describe.each([
  ['Vault', startRealVault, 'VAULT'],
  ['OpenBao', startRealOpenBao, 'OPENBAO'],
] as const)('a token of %s with a limited number of uses', (_name, start, prefix) => {
  let vault: RealVault;
  const closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    vault = await start();
    await vault.admin.send('POST', 'sys/auth/approle', { type: 'approle' });
    await vault.admin.policy('app', 'path "secret/+/app" { capabilities = ["read"] }');
    await vault.admin.send('POST', 'secret/data/app', { data: { value: 'good' } });
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  afterAll(() => vault?.stop());

  function provider(variables: Variables) {
    const heard: ProductEvent[] = [];
    const clock = new ShiftedClock();
    const named = Object.fromEntries(Object.entries(variables).map(([name, value]) => [`${prefix}_${name}`, value]));
    const instance = providerOf({ [`${prefix}_ADDR`]: vault.address, ...named }, clock, {
      emit: (event) => void heard.push(event),
    });
    closing.push(() => instance.close());
    const logins = () => heard.filter((event) => event.type === 'provider.login').length;
    const troubles = () =>
      heard.filter(
        (event) =>
          event.type === 'provider.request-completed' &&
          (event.outcome === 'UNAUTHENTICATED' || event.outcome === 'UNAVAILABLE') &&
          event.isRepeated !== true,
      );
    const problems = () => heard.flatMap((event) => (event.type === 'provider.login' ? (event.problem ?? []) : []));
    return { instance, clock, logins, troubles, problems };
  }

  /** Logs in with a role whose tokens serve for so many requests. */
  async function approle(uses: number) {
    const role = `uses-${uses}`;
    const { roleId, secretId } = await vault.admin.appRole(role, ['app']);
    await vault.admin.send('POST', `auth/approle/role/${role}`, { token_num_uses: `${uses}` });
    return provider({ AUTH_METHOD: 'approle', ROLE_ID: roleId, SECRET_ID: secretId });
  }

  const read = (instance: ProviderInstance) => readTextOf(instance, refTo('app'));

  test.each([1, 2, 3])(
    'is followed by another login as soon as %s are used, without a pause or a failure',
    async (uses) => {
      const { instance, logins, troubles, problems } = await approle(uses);
      for (let turn = 0; turn < 10; turn++) {
        expect(await read(instance)).toBe('good');
        expect(await probeAll(instance, refTo('app'))).toMatchObject([{ kind: 'marker' }]);
      }
      // Ten reads and ten probes, and a question about the mount.
      expect(logins()).toBe(Math.ceil(21 / uses));
      expect(troubles()).toEqual([]);
      expect(problems()).toEqual([]);
    },
  );

  test('is shared by many requests at the same time', async () => {
    const { instance, logins, troubles } = await approle(2);
    const asked = Array.from({ length: 20 }, (_, index) =>
      instance.secrets.read(refTo(index % 2 === 0 ? 'app' : `other-${index}`), soon()).then(
        () => 'read',
        ({ code }) => code as string,
      ),
    );
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['read', 'ACCESS_DENIED']));
    expect(troubles()).toEqual([]);
    expect(logins()).toBeLessThanOrEqual(60);
  });

  test('tells a refusal of the policy from its end', async () => {
    for (const uses of [1, 2]) {
      const { instance, clock } = await approle(uses);
      for (let turn = 0; turn < 4; turn++) {
        expect(await vaultErrorOf(instance.secrets.read(refTo('other'), soon()))).toMatchObject({
          code: 'ACCESS_DENIED',
        });
        clock.advance(3_000);
      }
      expect(await read(instance)).toBe('good');
    }
  });

  test('is a problem if it is given, from the login on, and says why when it has ended', async () => {
    const { client_token: token } = await vault.admin.send('POST', 'auth/token/create', {
      policies: ['app'],
      num_uses: '5',
    });
    const { instance, problems } = provider({ TOKEN: String(token) });
    expect(await read(instance)).toBe('good');
    expect(problems()).toEqual([
      `the token of ${prefix}_TOKEN had 4 uses left at login (num_uses) and is revoked with the last one; create one without that limit`,
    ]);
    expect(await read(instance)).toBe('good');
    expect(await read(instance)).toBe('good');
    const ended = await vaultErrorOf(instance.secrets.read(refTo('app'), soon()));
    expect(ended).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(ended.message).toContain(`all of its uses are used up; renew ${prefix}_TOKEN`);
  });

  test('is no problem if any number of uses is allowed', async () => {
    const { instance, problems } = provider({ TOKEN: await vault.admin.token('app') });
    expect(await read(instance)).toBe('good');
    expect(problems()).toEqual([]);
  });
});
