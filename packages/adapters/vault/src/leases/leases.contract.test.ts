import { X509Certificate } from 'node:crypto';
import { type Postgres, startPostgres, type TempDirectory, tempDirectory } from '@vault-swarm/lab';
import { soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import {
  type IssuedLease,
  LabelReader,
  type LeaseHolder,
  type LosslessJsonObject,
  type ProviderInstance,
  type SecretRef,
  SecretValue,
  selectValue,
} from '@vault-swarm/provider';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { vaultLabelScheme } from '../labels.ts';
import { providerOf } from '../testing/configured.ts';
import { connectDatabase, createDynamicRole } from '../testing/database.ts';
import { type RealVault, startRealOpenBao, startRealVault } from '../testing/real-vault.ts';

const allow = (path: string, capability: string) => `path "${path}" { capabilities = ["${capability}"] }\n`;
/** What the login needs, and no more. */
const LOGIN = [
  'auth/token/create/vault-swarm',
  'auth/token/renew-accessor',
  'auth/token/revoke-accessor',
  'sys/leases/renew',
  'sys/leases/revoke',
]
  .map((path) => allow(path, 'update'))
  .join('');

describe.for([
  ['Vault', 'VAULT', startRealVault],
  ['OpenBao', 'OPENBAO', startRealOpenBao],
] as const)('leases of %s', ([, prefix, startServer]) => {
  const kind = prefix === 'VAULT' ? 'vault' : 'openbao';
  let directory: TempDirectory;
  let postgres: Postgres;
  let vault: RealVault;
  const open: ProviderInstance[] = [];

  beforeAll(async () => {
    directory = tempDirectory();
    [vault, postgres] = await Promise.all([startServer(), startPostgres({ dir: directory.path })]);
    const { admin } = vault;
    await connectDatabase(admin, postgres);
    await createDynamicRole(admin, 'app', { ttl: '1m', maxTtl: '90s' });
    await admin.send('POST', 'sys/mounts/pki', { type: 'pki' });
    await admin.send('POST', 'pki/root/generate/internal', { common_name: 'ca', ttl: '2h' });
    await admin.send('POST', 'pki/roles/web', { allowed_domains: ['example'], allow_subdomains: true, ttl: '5m' });
    await admin.policy('login', LOGIN);
    await admin.policy('issue', allow('database/creds/app', 'read') + allow('pki/issue/web', 'update'));
    await admin.policy(
      'wide',
      ['database', 'pki', 'secret'].map((mount) => `path "${mount}/*" { capabilities = ["read", "update"] }`).join(''),
    );
    await tokenRole({});
  });
  afterEach(async () => {
    for (const instance of open.splice(0)) await instance.close();
  });
  afterAll(async () => {
    await vault?.stop();
    await postgres?.stop();
    await directory.remove();
  });

  const tokenRole = (settings: LosslessJsonObject, name = 'vault-swarm') =>
    vault.admin.send('POST', `auth/token/roles/${name}`, {
      orphan: true,
      token_period: '1h',
      allowed_policies: ['issue'],
      ...settings,
    });

  async function provider(
    { policies = ['login'], type = 'service' }: { readonly policies?: readonly string[]; readonly type?: string } = {},
    settings: Readonly<Record<string, string>> = {},
  ) {
    const { client_token: token } = await vault.admin.send('POST', 'auth/token/create', { policies, type, ttl: '1h' });
    const named = Object.entries(settings).map(([name, value]) => [`${prefix}_${name}`, value] as const);
    const variables = { [`${prefix}_ADDR`]: vault.address, [`${prefix}_TOKEN`]: String(token) };
    const instance = providerOf({ ...variables, ...Object.fromEntries(named) });
    open.push(instance);
    const { leases, holders } = instance;
    if (leases === null || holders === null) throw new Error('the provider issues nothing');
    return { leases, holders };
  }

  /** The ref of a secret with these labels, without their prefix. */
  function refOf(labels: Readonly<Record<string, string>>): SecretRef {
    const reader = new LabelReader([{ name: kind, scheme: vaultLabelScheme({ mount: 'secret', kind }) }]);
    const named = Object.entries({ lease: 'service', ...labels }).map(([name, text]) => [`${kind}_${name}`, text]);
    return reader.read(Object.fromEntries(named), 'secret', 'web').ref;
  }
  const database = refOf({ path: 'database/creds/app' });
  const pki = (params: object) => refOf({ path: 'pki/issue/web', params: JSON.stringify(params) });
  const purpose = { service: 'web', generation: 3 };
  const text = (issued: IssuedLease, field?: string) =>
    Buffer.from(
      selectValue(issued.payload, { ...database, ...(field === undefined ? {} : { field }) }).reveal(),
    ).toString();
  const loginOf = (issued: IssuedLease) => ({ user: text(issued, 'username'), password: text(issued, 'password') });
  const roles = () => postgres.query("SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'");

  /** Waits until the server has revoked something in the background. */
  async function until(isDone: () => Promise<boolean>): Promise<void> {
    await expect.poll(isDone, { timeout: 60_000, interval: 50 }).toBe(true);
  }

  test('belong to a token of their own: it is renewed by its accessor, and its end ends them', async () => {
    const { leases, holders } = await provider();
    const holder = await holders.create(purpose, soon());
    expect(holder.ttlMs).toBe(3_600_000);
    const issued = await leases.issue(database, holder, soon());
    expect(issued).toMatchObject({ durationMs: 60_000, renewable: true, notAfterMs: null, tokenTtlMs: 3_600_000 });
    expect(await postgres.query('SELECT 1', loginOf(issued))).toEqual(['1']);
    expect(await roles()).toHaveLength(1);
    const { accessor } = holder;
    const known = await vault.admin.send('POST', 'auth/token/lookup-accessor', { accessor });
    expect(known).toMatchObject({ meta: { service: 'web', generation: '3' }, orphan: true });

    expect(await holders.renew(holder.accessor, soon())).toBe(3_600_000);
    const renewed = await leases.renew(issued.leaseId ?? '', 60_000, soon());
    expect(renewed).toEqual({ durationMs: expect.closeTo(60_000, -3), renewable: true });
    const cut = await leases.renew(issued.leaseId ?? '', 3_600_000, soon());
    expect(cut.durationMs).toBeLessThanOrEqual(90_000);

    await holders.revoke(holder.accessor, soon());
    await until(async () => (await roles()).length === 0);
    expect(await postgres.accepts(loginOf(issued))).toBe(false);
    expect(await vaultErrorOf(leases.renew(issued.leaseId ?? '', 60_000, soon()))).toMatchObject({
      code: 'NOT_FOUND',
      isProven: true,
    });
    expect(await vaultErrorOf(holders.renew(holder.accessor, soon()))).toMatchObject({
      code: 'NOT_FOUND',
      isProven: true,
    });
    await holders.revoke(holder.accessor, soon());
    await leases.revoke(issued.leaseId ?? '', soon());
    expect(await vaultErrorOf(leases.issue(database, holder, soon()))).toMatchObject({
      code: 'UNAUTHENTICATED',
      message: `${kind} database/creds/app: the token that holds its leases has ended`,
    });
  });

  test('are revoked one by one, at once', async () => {
    const { leases, holders } = await provider();
    const holder = await holders.create(purpose, soon());
    const [first, second] = [
      await leases.issue(database, holder, soon()),
      await leases.issue(database, holder, soon()),
    ];
    expect(text(first, 'username')).not.toBe(text(second, 'username'));
    await leases.revoke(first.leaseId ?? '', soon());
    expect(await postgres.accepts(loginOf(first))).toBe(false);
    expect(await postgres.accepts(loginOf(second))).toBe(true);
    await holders.revoke(holder.accessor, soon());
  });

  test('outlive the login that requested them', async () => {
    const { client_token: token } = await vault.admin.send('POST', 'auth/token/create', { policies: ['login'] });
    const instance = providerOf({ [`${prefix}_ADDR`]: vault.address, [`${prefix}_TOKEN`]: String(token) });
    open.push(instance);
    const holder = await instance.holders?.create(purpose, soon());
    if (holder === undefined) throw new Error('no holder');
    const issued = await instance.leases?.issue(database, holder, soon());
    await vault.admin.revoke(String(token));
    const { leases, holders } = await provider();
    expect(issued === undefined || (await postgres.accepts(loginOf(issued)))).toBe(true);
    expect((await leases.renew(issued?.leaseId ?? '', 60_000, soon())).durationMs).toBeGreaterThan(50_000);
    await holders.revoke(holder.accessor, soon());
  });

  test('belong to the login without a holder, and say when it ends', async () => {
    const { leases } = await provider({ policies: ['login', 'issue'] });
    const issued = await leases.issue(database, null, soon());
    expect(issued.tokenTtlMs).toBeGreaterThan(3_500_000);
    expect(issued.tokenTtlMs).toBeLessThanOrEqual(3_600_000);
    await leases.revoke(issued.leaseId ?? '', soon());
  });

  test('can not belong to a batch token, which creates no holders either', async () => {
    const { leases, holders } = await provider({ policies: ['login', 'issue'], type: 'batch' });
    const refusals = [() => leases.issue(database, null, soon()), () => holders.create(purpose, soon())];
    for (const refusal of refusals) {
      expect(await vaultErrorOf(refusal())).toMatchObject({
        code: 'ACCESS_DENIED',
        message: expect.stringMatching(
          /has a batch token, which can not .*; set token_type=service in the role of the login/,
        ),
      });
    }
    expect(await roles()).toEqual([]);
  });

  test.each([
    [
      'no such role',
      undefined,
      /there is no token role other .*vault write auth\/token\/roles\/other orphan=true token_period=24h/,
    ],
    ['no orphans', { orphan: false }, /needs orphan=true.*and has orphan=false$/],
    ['batch tokens', { token_type: 'batch', token_period: '0', renewable: false }, /has token_type=batch$/],
    ['a limit of uses', { token_num_uses: '3' }, /has token_num_uses$/],
    ['no renewal', { renewable: false }, /has renewable=false$/],
  ])('are refused by a token role with %s, with what to change', async (_what, settings, message) => {
    if (settings !== undefined) await tokenRole({ allowed_policies: ['issue'], ...settings }, 'other');
    await vault.admin.policy('login-other', LOGIN.replaceAll('vault-swarm', 'other'));
    const { holders } = await provider({ policies: ['login-other'] }, { LEASE_TOKEN_ROLE: 'other' });
    expect(await vaultErrorOf(holders.create(purpose, soon()))).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringMatching(message),
    });
    if (settings !== undefined) await vault.admin.send('DELETE', 'auth/token/roles/other');
  });

  test('name the rule of the policy that is missing', async () => {
    const { leases, holders } = await provider({ policies: ['issue'] });
    const lines: readonly (readonly [() => Promise<unknown>, string])[] = [
      [() => holders.create(purpose, soon()), 'auth/token/create/vault-swarm'],
      [() => holders.renew('an-accessor', soon()), 'auth/token/renew-accessor'],
      [() => holders.revoke('an-accessor', soon()), 'auth/token/revoke-accessor'],
      [() => leases.revoke('database/creds/app/x', soon()), 'sys/leases/revoke'],
    ];
    for (const [call, path] of lines) {
      expect(await vaultErrorOf(call())).toMatchObject({
        code: 'ACCESS_DENIED',
        message: expect.stringContaining(
          `the policy of the login does not allow it; add ${allow(path, 'update').trim()}`,
        ),
      });
    }
    const elsewhere = refOf({ path: 'database/creds/elsewhere' });
    expect((await vaultErrorOf(leases.issue(elsewhere, null, soon()))).message).toBe(
      `${kind} database/creds/elsewhere: no policy of the login allows it; add ${allow('database/creds/elsewhere', 'read').trim()}`,
    );
  });

  test('name the rule that the policies of the token role lack', async () => {
    const { leases, holders } = await provider();
    const holder = await holders.create(purpose, soon());
    for (const [ref, line] of [
      [refOf({ path: 'database/creds/elsewhere' }), allow('database/creds/elsewhere', 'read')],
      [refOf({ path: 'ssh/issue/x', params: '{}' }), allow('ssh/issue/x', 'update')],
    ] as const) {
      expect(await vaultErrorOf(leases.issue(ref, holder, soon()))).toMatchObject({
        code: 'ACCESS_DENIED',
        message: expect.stringContaining(
          `no policy of the token role vault-swarm (allowed_policies) allows it; add ${line.trim()}`,
        ),
      });
    }
    await holders.revoke(holder.accessor, soon());
  });

  test.each([
    ['database/creds/none', undefined, 'NOT_FOUND', 'there is no such role; create it, or correct the path'],
    [
      'database/creds/app',
      '{"ttl":"1m"}',
      'INVALID_REF',
      'set KIND_params if the path needs parameters, else remove it',
    ],
    ['database/config/app', undefined, 'INVALID_REF', 'and this path issues no credentials; correct the path'],
    [
      'database/static-creds/app',
      undefined,
      'INVALID_REF',
      'and a static role has no lease; remove the label KIND_lease',
    ],
    ['secret/data/app', undefined, 'INVALID_REF', 'which issues no credentials; remove the label KIND_lease'],
    ['pki/issue/web', undefined, 'INVALID_REF', 'set KIND_params if the path needs parameters'],
    ['pki/issue/web', '{}', 'INVALID_REF', 'the role needs a name; set KIND_params={"common_name":"…"}'],
    ['pki/issue/web', '{"common_name":"evil.org"}', 'INVALID_REF', 'the role does not allow a name in KIND_params'],
    [
      'pki/issue/web',
      '{"common_name":"a.example","ttl":"x"}',
      'INVALID_REF',
      'a parameter in KIND_params has the wrong type',
    ],
    [
      'pki/issue/web',
      '{"common_name":"a.example","ttl":"100h"}',
      'INVALID_REF',
      'the certificate would end after its CA; set a shorter "ttl" in KIND_params or in the role, or renew the CA',
    ],
    ['pki/issue/none', '{"common_name":"a.example"}', 'NOT_FOUND', 'there is no such role'],
    ['pki/sign/web', '{"common_name":"a.example"}', 'INVALID_REF', 'and this path issues no credentials'],
  ])('of %s with %s are refused with what to change', async (path, params, code, message) => {
    const { leases } = await provider({ policies: ['wide'] });
    if (path === 'pki/issue/web')
      await vault.admin.send('POST', 'pki/roles/web', {
        max_ttl: '200h',
        allowed_domains: ['example'],
        allow_subdomains: true,
        ttl: '5m',
      });
    const ref = refOf({ path, ...(params === undefined ? {} : { params }) });
    expect(await vaultErrorOf(leases.issue(ref, null, soon()))).toMatchObject({
      code,
      message: expect.stringContaining(message.replaceAll('KIND', kind)),
    });
  });

  test('of certificates have their real end, and no lease', async () => {
    const { leases, holders } = await provider();
    const holder = await holders.create(purpose, soon());
    for (const params of [{ common_name: 'a.example' }, { common_name: 'a.example', format: 'pem_bundle' }]) {
      const ref = { ...pki(params), encoding: 'pem-bundle' } as const;
      const issued = await leases.issue(ref, holder, soon());
      expect(issued).toMatchObject({ leaseId: null, renewable: false, tokenTtlMs: 3_600_000 });
      const bundle = Buffer.from(selectValue(issued.payload, ref).reveal()).toString();
      expect(bundle.match(/-----BEGIN [A-Z ]+/g)).toEqual([
        '-----BEGIN RSA PRIVATE KEY',
        '-----BEGIN CERTIFICATE',
        '-----BEGIN CERTIFICATE',
      ]);
      const { validToDate, subject } = new X509Certificate(bundle);
      expect(subject).toBe('CN=a.example');
      expect(issued.notAfterMs).toBe(validToDate.getTime());
      expect(issued.durationMs).toBeGreaterThan(4 * 60_000);
      expect(issued.durationMs).toBeLessThanOrEqual(5 * 60_000);
    }
    await holders.revoke(holder.accessor, soon());
  });

  test('are issued once for one request, whatever becomes of its answer', async () => {
    const { leases, holders } = await provider();
    const holder = await holders.create(purpose, soon());
    const before = (await roles()).length;
    const abort = new AbortController();
    const lost = leases.issue(database, holder, { signal: abort.signal });
    abort.abort();
    expect(await vaultErrorOf(lost)).toMatchObject({ code: 'UNAVAILABLE' });
    expect((await roles()).length).toBeLessThanOrEqual(before + 1);
    await holders.revoke(holder.accessor, soon());
    await until(async () => (await roles()).length === 0);
  });

  test('of a database that is down are an outage, with what to check', async () => {
    const down = `${kind}-down`;
    await vault.admin.send('POST', `sys/mounts/${down}`, { type: 'database' });
    const { vaultUrl, root } = postgres;
    const settings = { plugin_name: 'postgresql-database-plugin', allowed_roles: ['*'], verify_connection: false };
    const url = vaultUrl.replace(`:${postgres.port}/`, ':1/');
    await vault.admin.send('POST', `${down}/config/app`, {
      ...settings,
      connection_url: url,
      username: root.user,
      password: 'x',
    });
    await createDynamicRole(vault.admin, 'app', { mount: down, ttl: '1m', maxTtl: '2m' });
    await vault.admin.policy('down', allow(`${down}/creds/app`, 'read'));
    const { leases } = await provider({ policies: ['down'] });
    expect(await vaultErrorOf(leases.issue(refOf({ path: `${down}/creds/app` }), null, soon()))).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining("the engine could not create it; check its connection, and the server's log"),
    });
  });

  // The small Vault has no such engine.
  if (kind === 'openbao') {
    test('of SSH have the end of the certificate', async () => {
      await vault.admin.send('POST', 'sys/mounts/ssh', { type: 'ssh' });
      await vault.admin.send('POST', 'ssh/config/ca', { generate_signing_key: true });
      const role = { key_type: 'ca', allow_user_certificates: true, allowed_users: '*', ttl: '5m' };
      await vault.admin.send('POST', 'ssh/roles/deploy', role);
      await vault.admin.policy('ssh', allow('ssh/issue/deploy', 'update'));
      const { leases } = await provider({ policies: ['ssh'] });
      const issued = await leases.issue(
        refOf({ path: 'ssh/issue/deploy', params: '{"valid_principals":"app"}' }),
        null,
        soon(),
      );
      expect(text(issued, 'signed_key')).toMatch(/^ssh-rsa-cert-v01@openssh\.com /);
      expect(issued).toMatchObject({ leaseId: null, renewable: false });
      expect(issued.durationMs).toBeGreaterThan(4 * 60_000);
      expect(issued.durationMs).toBeLessThanOrEqual(5 * 60_000);
    });
  }

  test('show no token and no value', async () => {
    const { leases, holders } = await provider();
    const holder: LeaseHolder = await holders.create(purpose, soon());
    const gone = { ...holder, token: SecretValue.fromText('hvs.unknown-token') };
    const { message } = await vaultErrorOf(leases.issue(database, gone, soon()));
    expect(message).not.toContain('unknown-token');
    expect(JSON.stringify(holder)).not.toContain(Buffer.from(holder.token.reveal()).toString());
    await holders.revoke(holder.accessor, soon());
  });
});
