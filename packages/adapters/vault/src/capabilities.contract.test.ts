import { startVaultProxy, type VaultProxy } from '@vault-swarm/lab';
import { ShiftedClock } from '@vault-swarm/lab/clocks';
import { probeAll, readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { ProviderInstance } from '@vault-swarm/provider';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { providerOf, refTo } from './testing/configured.ts';
import { type RealVault, startRealOpenBao, startRealVault } from './testing/real-vault.ts';

const SECRETS = 300;
const MINUTE_MS = 60_000;
const QUESTION = 'POST sys/capabilities-self';

const refs = Array.from({ length: SECRETS }, (_, number) => refTo(`app/${number}`));
const ALL =
  'path "secret/data/app/*" { capabilities = ["read"] }\npath "secret/metadata/*" { capabilities = ["read"] }';
const BUT_ONE = `${ALL}\npath "secret/data/app/7" { capabilities = ["deny"] }`;

describe.for([
  ['Vault', startRealVault],
  ['OpenBao', startRealOpenBao],
] as const)('the right to read a value of %s', ([, startServer]) => {
  let vault: RealVault;
  let proxy: VaultProxy;
  let clock: ShiftedClock;
  let instance: ProviderInstance;

  beforeAll(async () => {
    vault = await startServer();
    proxy = await startVaultProxy(vault.address);
    for (const { location } of refs) {
      await vault.admin.send('POST', `secret/data/${location.path}`, { data: { value: `${location.path}` } });
    }
  });
  afterEach(() => instance.close());
  afterAll(async () => {
    await proxy?.close();
    await vault?.stop();
  });

  /** A provider whose token has these rules, and whose values were all checked once. */
  async function lookedAt(rules: string): Promise<void> {
    await vault.admin.policy('app', rules);
    clock = new ShiftedClock();
    instance = providerOf({ VAULT_ADDR: proxy.addr, VAULT_TOKEN: await vault.admin.token('app') }, clock);
    expect(await unanswered()).toEqual([]);
    await proxy.reset();
  }

  /** The paths of which a poll can't tell whether they have changed, so that they are read. */
  async function unanswered(of = refs): Promise<string[]> {
    const results = await probeAll(instance, ...of);
    return of.flatMap(({ location }, index) =>
      results[index]?.kind === 'marker' ? [] : [`${results[index]?.kind} ${location.path}`],
    );
  }

  const asked = async () => {
    const { requests, byPath } = await proxy.counts();
    await proxy.reset();
    return { requests, questions: byPath[QUESTION] ?? 0 };
  };

  test('is asked for once a minute, in a request for many paths; one that is gone is left to a read', async () => {
    await lookedAt(ALL);
    await vault.admin.policy('app', BUT_ONE);
    expect(await unanswered()).toEqual([]);
    expect(await asked()).toEqual({ requests: SECRETS, questions: 0 });

    clock.advance(MINUTE_MS);
    expect(await unanswered()).toEqual(['unsupported app/7']);
    expect(await asked()).toEqual({ requests: SECRETS + 2, questions: 2 });
    expect(await vaultErrorOf(instance.secrets.read(refTo('app/7'), soon()))).toMatchObject({ code: 'ACCESS_DENIED' });
    expect(await readTextOf(instance, refTo('app/8'))).toBe('app/8');

    await vault.admin.policy('app', ALL);
    clock.advance(MINUTE_MS / 2);
    expect(await unanswered()).toEqual(['unsupported app/7']);
    expect(await readTextOf(instance, refTo('app/7'))).toBe('app/7');
    clock.advance(MINUTE_MS / 2);
    expect(await unanswered()).toEqual([]);
  });

  test('is found out by reading every value in turn if the question is refused', async () => {
    await lookedAt(`${ALL}\npath "sys/capabilities-self" { capabilities = ["deny"] }`);
    clock.advance(MINUTE_MS);
    const some = refs.slice(0, 60);
    const read: string[] = [];
    for (let pass = 0; pass < 30; pass++) {
      const paths = await unanswered(some);
      expect(paths).toHaveLength(2);
      read.push(...paths);
    }
    expect(new Set(read).size).toBe(some.length);
    // And whether the token is alive, once.
    expect(await asked()).toEqual({ requests: 30 * some.length + 2, questions: 1 });
  });
});
