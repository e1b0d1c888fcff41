import type { ProblemEntry } from '@vault-swarm/http/api';
import { expect, test } from 'vitest';
import { manager, overview, problemEntries } from '../testing/documents.ts';
import { checkClocks } from './clock-check.ts';
import { checkCluster } from './cluster-check.ts';
import { checkDrivers } from './driver-check.ts';
import type { EngineFacts, EngineSecret, EngineService, ManagedPlugin } from './engine.ts';
import { checkEngine, checkSwarm } from './engine-check.ts';
import { checkLabels } from './label-check.ts';
import { checkPlugin, checkProviders, type PluginFacts } from './plugin-check.ts';
import type { SocketAnswer } from './plugin-socket.ts';
import { checkServices } from './service-check.ts';
import { checkSocket } from './socket-check.ts';

const PLUGIN = 'vault-secrets-plugin';

const secret = (name: string, labels: Record<string, string> = {}, driver: string | null = PLUGIN): EngineSecret => ({
  ID: `id-${name}`,
  Spec: { Name: name, Labels: labels, ...(driver !== null && { Driver: { Name: driver } }) },
});

/** Providers that are called like their kinds. */
const called = (...kinds: string[]) => kinds.map((kind) => ({ name: kind, kind }));

const service = (
  name: string,
  changes: Partial<NonNullable<EngineService['Spec']>> = {},
  mounts: string[] = [],
): EngineService => ({
  Spec: {
    Name: name,
    Mode: { Replicated: { Replicas: 3 } },
    UpdateConfig: { Order: 'start-first', FailureAction: 'rollback' },
    TaskTemplate: {
      ContainerSpec: { Secrets: [{ SecretID: 'id-db' }], Mounts: mounts.map((Type) => ({ Type })) },
    },
    ...changes,
  },
});

const answered = (changes: Partial<Extract<EngineFacts, { kind: 'answered' }>> = {}): EngineFacts => ({
  kind: 'answered',
  address: 'unix:///var/run/docker.sock',
  isLocal: true,
  info: { ServerVersion: '28.5.2', Swarm: { LocalNodeState: 'active', ControlAvailable: true } },
  requestedAtMs: 0,
  errorMs: 0,
  managed: [],
  swarm: { secrets: [], services: [] },
  ...changes,
});

const messages = ({ findings }: { readonly findings: readonly { readonly message: string }[] }) =>
  findings.map(({ message }) => message);

const failed = (code: string) =>
  Object.assign(new Error(`could not be asked: ${code}`), { cause: Object.assign(new Error(code), { code }) });

test('missing Docker is no fault if no setting names it, and is reported', () => {
  const check = checkEngine({
    kind: 'silent',
    address: 'unix:///var/run/docker.sock',
    isDefault: true,
    error: failed('ENOENT'),
  });
  expect(check).toMatchObject({ isSkipped: true, findings: [] });
  expect(check.summary).toContain('run this on a manager');
});

test.each([
  ['ENOENT', false, 'The socket does not exist'],
  ['ECONNREFUSED', true, 'start the engine'],
  ['EACCES', true, 'group docker'],
  ['EPIPE', true, 'DOCKER_HOST'],
])('an engine that fails with %s is wrong', (code, isDefault, fix) => {
  const { findings } = checkEngine({ kind: 'silent', address: 'x', isDefault, error: failed(code) });
  expect(findings).toHaveLength(1);
  expect(findings[0]?.fix).toContain(fix);
});

test.each([
  [{ LocalNodeState: 'inactive' }, 'in no Swarm', 'docker swarm init'],
  [{ LocalNodeState: 'locked' }, 'locked', 'docker swarm unlock'],
  [{ LocalNodeState: 'error', Error: 'rpc: lost' }, 'rpc: lost', 'docker info'],
  [{ LocalNodeState: 'active', ControlAvailable: false }, 'a worker', 'on the managers'],
])('a node whose Swarm is %j', (Swarm, message, fix) => {
  const { findings } = checkSwarm(answered({ info: { Swarm }, swarm: null }));
  expect(findings[0]?.message).toContain(message);
  expect(findings[0]?.fix).toContain(fix);
});

test('a manager that does not answer between two leaders', () => {
  expect(messages(checkSwarm(answered({ swarm: { error: new Error('no answer') } })))[0]).toContain('no answer');
});

const managed = (changes: Partial<ManagedPlugin> = {}, socket = 'plugin.sock'): ManagedPlugin => ({
  Id: 'a'.repeat(64),
  Name: `${PLUGIN}:latest`,
  Enabled: true,
  Config: { Interface: { Socket: socket, Types: ['docker.secretprovider/1.0'] } },
  ...changes,
});
const nowhere = async (): Promise<SocketAnswer> => ({ kind: 'missing' });

test.each([
  [managed(), []],
  [managed({ Enabled: false }), ['is disabled']],
  [
    managed({ Config: { Interface: { Socket: 'p.sock', Types: ['docker.volumedriver/1.0'] } } }),
    ['is not a secret driver'],
  ],
  [managed({}, 'vault-secrets-plugin.sock'), ['110 bytes']],
])('the managed plugin %#', async (plugin, expected) => {
  const found = messages(await checkSocket(answered({ managed: [plugin] }), PLUGIN, null, nowhere));
  expect(found).toHaveLength(expected.length);
  for (const [index, text] of expected.entries()) expect(found[index]).toContain(text);
});

test.each<[string, SocketAnswer, string | null]>([
  ['is well', { kind: 'answers', roles: ['secretprovider'] }, null],
  ['of another plugin', { kind: 'answers', roles: ['VolumeDriver'] }, 'is not a secret driver'],
  ['of a dead process', { kind: 'refused' }, 'the process that created it has exited'],
  ['of another user', { kind: 'denied' }, 'this user cannot open'],
  ['that hangs', { kind: 'failed', reason: 'no answer within 3 s' }, 'no answer within 3 s'],
])('a socket %s', async (_, answer, message) => {
  const asked: string[] = [];
  const check = await checkSocket(answered(), `${PLUGIN}:latest`, null, async (path) => {
    asked.push(path);
    return answer;
  });
  expect(asked).toEqual(['/run/docker/plugins/vault-secrets-plugin.sock']);
  expect(messages(check).join()).toContain(message ?? '');
  expect(check.findings).toHaveLength(message === null ? 0 : 1);
});

test('a socket in a directory that the engine does not search', async () => {
  const { findings } = await checkSocket(answered(), PLUGIN, '/tmp/mine.sock', async (path) =>
    path === '/tmp/mine.sock' ? { kind: 'answers', roles: ['secretprovider'] } : { kind: 'missing' },
  );
  expect(findings[0]?.message).toContain('/tmp/mine.sock, where the engine does not look');
  expect(findings[0]?.fix).toContain('/etc/docker/plugins/vault-secrets-plugin.spec');
});

test('a plugin that does not run, has too long a name, or is on another machine', async () => {
  expect(messages(await checkSocket(answered(), PLUGIN, null, nowhere))[0]).toContain('the engine finds no plugin');
  expect(messages(await checkSocket(answered(), 'p'.repeat(90), null, nowhere))[0]).toContain('has 115 bytes');
  expect(await checkSocket(answered({ isLocal: false }), PLUGIN, null, nowhere)).toMatchObject({ isSkipped: true });
});

test("a driver name similar to the plugin's is reported, and other names are not", () => {
  const secrets = [
    secret('db'),
    secret('own', {}, null),
    secret('a', {}, 'vault-secret-plugin'),
    secret('b', {}, 'infisical'),
  ];
  const check = checkDrivers(secrets, PLUGIN);
  expect(messages(check)).toEqual([`the driver of a is vault-secret-plugin, and the plugin's name is ${PLUGIN}`]);
  expect(check.findings[0]?.fix).toContain('PLUGIN_NAME=vault-secret-plugin');
});

test('a Swarm without a secret of ours is a hint', () => {
  expect(checkDrivers([secret('own', {}, null)], PLUGIN).findings[0]?.kind).toBe('hint');
  expect(messages(checkDrivers([secret('b', {}, 'infisical')], PLUGIN))[0]).toContain('there are some with infisical');
});

test.each([
  [{ vault_path: 'a', vault_feild: 'b' }, 'label "vault_feild" = "b" is not known'],
  [{ vault_path: 'a', rotate: 'never' }, 'label "rotate" = "never" must be one of auto, manual, off'],
  [{ file_path: 'a' }, 'label "file_path" = "a" names a provider that is not configured'],
  [{ vault_path: 'a', kms_decrypt: 'yes' }, 'label "kms_decrypt" = "yes" must be one of true, false'],
  [{ infisical_secret_name: 'A' }, 'label "infisical_secret_name" = "A" names a provider that is not configured'],
  [{ 'vault-path': 'a' }, 'the label "vault-path" is unknown to the plugin; did you mean "vault_path"?'],
  [{ valut_path: 'a' }, 'the label "valut_path" is unknown to the plugin; did you mean "vault_path"?'],
  [{ Rotate: 'off' }, 'the label "Rotate" is unknown to the plugin; did you mean "rotate"?'],
  [{ vault_path: 'a', encodng: 'base64' }, 'the label "encodng" is unknown to the plugin; did you mean "encoding"?'],
])('the labels %j', (labels, message) => {
  const check = checkLabels([secret('db', labels)], [], called('vault'));
  expect(messages(check)).toHaveLength(1);
  expect(messages(check)[0]).toContain(`db: ${message}`);
});

test('labels of others are ignored, and no service is needed', () => {
  const labels = { 'com.docker.stack.namespace': 'shop', owner: 'me', path: 'x', team: 'a', secret_reuse: 'true' };
  expect(checkLabels([secret('db', labels)], [], called('vault', 'file')).findings).toEqual([]);
});

test('providers with names of their own have the labels of their kind', () => {
  const providers = [
    { name: 'vault-eu', kind: 'vault' },
    { name: 'vault-us', kind: 'vault' },
    { name: 'account', kind: 'aws' },
  ];
  const right = [
    secret('db', { vault_path: 'app/db', provider: 'vault-us' }),
    secret('key', { aws_secret_name: 'app/key' }),
    secret('cert', { provider: 'account' }),
  ];
  expect(checkLabels(right, [], providers)).toMatchObject({
    summary: 'of 3 secrets, for vault-eu, vault-us, account',
    findings: [],
  });
  const check = checkLabels(
    [
      secret('db', { vault_pth: 'app/db', provider: 'vault-us' }),
      secret('key', { vault_path: 'app/key', provider: 'account' }),
      secret('cert', { vault_path: 'app/cert', provider: 'vault-as' }),
    ],
    [],
    providers,
  );
  expect(messages(check)).toEqual([
    expect.stringContaining('db: label "vault_pth" = "app/db" is not known'),
    expect.stringContaining('key: label'),
    expect.stringContaining('"vault-as" names a provider that is not configured'),
  ]);
});

test('if only a file of the plugin tells its providers, labels are not judged', () => {
  expect(checkLabels([secret('db', { vault_pth: 'a' })], [], null)).toMatchObject({ isSkipped: true, findings: [] });
});

test('labels of a provider that is not known here are not judged', () => {
  expect(checkLabels([secret('db', { xyz_name: 'a' })], [], called('vault', 'xyz'))).toMatchObject({
    isSkipped: true,
    findings: [],
  });
});

test.each<[string, EngineService, string | null]>([
  ['that rolls well', service('web'), null],
  [
    'with one task that is stopped first',
    service('web', { Mode: { Replicated: { Replicas: 1 } }, UpdateConfig: { FailureAction: 'rollback' } }),
    'stops the only task of web',
  ],
  [
    'that keeps data',
    service('db', { Mode: { Replicated: { Replicas: 1 } }, UpdateConfig: { FailureAction: 'rollback' } }, ['volume']),
    'db, which keeps data',
  ],
  [
    'that goes on after failures',
    service('web', { UpdateConfig: { FailureAction: 'continue' } }),
    'a bad value reaches all of them',
  ],
  ['that is a job', service('job', { Mode: {} }), null],
  ['that uses no secret of ours', service('web', { UpdateConfig: {}, TaskTemplate: {} }), null],
])('a service %s', (_, given, message) => {
  const check = checkServices([given], [secret('db')]);
  expect(check.findings).toHaveLength(message === null ? 0 : 1);
  expect(messages(check).join()).toContain(message ?? '');
});

test('a service whose failed tasks Swarm does not restart is a hint', () => {
  const { TaskTemplate, ...spec } = service('web').Spec ?? {};
  const given = { Spec: { ...spec, TaskTemplate: { ...TaskTemplate, RestartPolicy: { Condition: 'none' } } } };
  expect(messages(checkServices([given], [secret('db')])).join()).toContain(
    'Swarm does not restart a failed task of web',
  );
});

test('services without update_config are reported together', () => {
  const { UpdateConfig: _, ...spec } = service('web').Spec ?? {};
  const services = ['a', 'b', 'c'].map((Name) => ({ Spec: { ...spec, Name } }));
  expect(messages(checkServices(services, [secret('db')]))).toEqual([
    'a, b, c: no update_config, so Swarm uses its defaults: one task at a time, stop first, pause after a failure',
  ]);
});

test.each([
  [[], null],
  [[{ name: 'the plugin', aheadMs: 900, errorMs: 0 }], null],
  [[{ name: 'the plugin', aheadMs: 8_000, errorMs: 0 }], 'hint'],
  [[{ name: 'a plugin that answers after 8 s', aheadMs: 8_000, errorMs: 4_000 }], null],
  [
    [
      { name: 'the plugin', aheadMs: -20_000, errorMs: 0 },
      { name: 'Vault', aheadMs: 20_000, errorMs: 0 },
    ],
    'wrong',
  ],
] as const)('the clocks %j', (readings, kind) => {
  const { findings } = checkClocks(readings);
  expect(findings[0]?.kind ?? null).toBe(kind);
  if (kind === 'wrong') expect(findings[0]?.message).toBe('the clock of Vault is 40 s ahead of that of the plugin');
});

test('options of a driver, which Docker keeps to itself, are no labels', () => {
  const { findings } = checkDrivers(
    [{ ID: '1', Spec: { Name: 'db', Driver: { Name: 'vault', Options: { vault_path: 'x' } } } }],
    'vault',
  );
  expect(findings).toMatchObject([{ kind: 'wrong', message: expect.stringContaining('db has driver options') }]);
});

test('labels of decryption and of HTTP sources are checked too', () => {
  const check = (labels: Record<string, string>, kind: string) =>
    messages(checkLabels([secret('db', labels)], [], called(kind)));
  expect(check({ vault_path: 'db', kms_decrypt: 'yes' }, 'vault')).toEqual([
    expect.stringContaining('"kms_decrypt" = "yes"'),
  ]);
  expect(check({ vault_path: 'db', kms_decript: 'true' }, 'vault')).toEqual([expect.stringContaining('kms_decript')]);
  expect(check({ http_path: 'db' }, 'vault')).toEqual([expect.stringContaining('not configured')]);
  expect(check({ vault_path: 'db', kms_decrypt: 'true', encoding: 'json' }, 'vault')).toEqual([
    expect.stringContaining("can't be combined"),
  ]);
});

const asked = (changes: Parameters<typeof overview>[0]): PluginFacts => ({
  kind: 'answered',
  address: { url: new URL('http://127.0.0.1:8080/'), source: null, token: null, ca: null },
  overview: overview(changes),
  clock: null,
});

const nothingCovered = { isServing: true, engine: [], hasWrongLabels: () => false };

test('what one check explains, no other repeats: wrong labels, a silent engine, a provider that fails', () => {
  const [labels, engine, provider] = problemEntries(
    'db: label x',
    'docker.sock does not exist (GET /info)',
    'vault: sealed',
  );
  const problems = [
    { ...labels, code: 'SECRET_UNDELIVERABLE' as const, secrets: ['db'] },
    { ...engine, code: 'ORCHESTRATOR_UNAVAILABLE' as const },
    { ...provider, code: 'PROVIDER_UNAVAILABLE' as const, message: 'A provider does not answer: vault: sealed' },
  ] as unknown as ProblemEntry[];
  const [vault] = overview({}).providers;
  const error = { code: 'UNAVAILABLE' as const, message: 'sealed' };
  const facts = asked({
    problems,
    healthy: false,
    providers: vault === undefined ? [] : [{ ...vault, state: 'failing', error }],
  });
  const ofPlugin = (covered: Parameters<typeof checkPlugin>[1]) =>
    messages(checkPlugin(facts, covered)).filter((message) => !message.startsWith('the plugin is version'));
  const found = ofPlugin(nothingCovered);
  expect(found).toEqual([
    expect.stringContaining('db: label x'),
    expect.stringContaining('docker.sock does not exist'),
  ]);
  const engineFinding = [{ kind: 'wrong' as const, message: 'docker.sock does not exist (GET /info)', fix: '' }];
  const covered = { ...nothingCovered, engine: engineFinding, hasWrongLabels: (name: string) => name === 'db' };
  expect(ofPlugin(covered)).toEqual([]);
  expect(checkProviders(facts).findings).toMatchObject([
    { message: 'vault fails: sealed (UNAVAILABLE)', fix: `${provider?.action}.` },
  ]);
});

test('a secret with labels of the plugin and no driver is wrong', () => {
  const secrets = [
    { ID: 's1', Spec: { Name: 'db', Labels: { vault_path: 'app/db' } } },
    { ID: 's2', Spec: { Name: 'own' } },
  ];
  expect(messages(checkDrivers(secrets, 'p'))).toContainEqual(
    expect.stringMatching(/^db has labels of the plugin and no driver/),
  );
});

test('a manager without a plugin is wrong in one check only, different versions are a hint, and all are listed on request', () => {
  const managers = ['m1', 'm2', 'm3'].map((name) =>
    manager(name, name === 'm3' ? { state: 'missing', message: 'has no plugin' } : {}),
  );
  const entries = problemEntries('A manager has no running plugin: m3 has no plugin', 'versions differ');
  const problems = entries.map((entry, index) =>
    index === 0
      ? { ...entry, code: 'MANAGER_WITHOUT_PLUGIN' as const, severity: 'warning' as const }
      : { ...entry, code: 'PLUGIN_VERSIONS_DIFFER' as const, severity: 'info' as const },
  );
  const facts = asked({ managers, problems });
  const check = checkCluster(facts, false);
  expect(check.summary).toBe('the plugin runs on 2 of 3 managers');
  expect(check.findings.map(({ kind }) => kind)).toEqual(['wrong', 'hint']);
  expect(checkPlugin(facts, nothingCovered).findings.filter(({ kind }) => kind === 'wrong')).toEqual([]);
  expect(checkCluster(facts, true).summary).toContain('m3 (standby) has no plugin');
});

test('two managers are a hint, and on a worker nothing is known of the managers', () => {
  expect(messages(checkCluster(asked({ managers: [manager('m1'), manager('m2')] }), false))).toEqual([
    expect.stringContaining('two managers'),
  ]);
  expect(checkCluster(asked({ managers: [], role: 'worker' }), false)).toMatchObject({ isSkipped: true });
});
