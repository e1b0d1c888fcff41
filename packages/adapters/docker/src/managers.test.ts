import type { PluginAnnouncement } from '@vault-swarm/rotation';
import { expect, it } from 'vitest';
import type { DockerCall, DockerConnection } from './connection.ts';
import { DockerError } from './docker-error.ts';
import { DockerManagers, type DockerManagersOptions } from './managers.ts';
import { announcementLabel, announcementText, parseAnnouncement } from './plugin-announcement.ts';

const { signal } = new AbortController();
const LABEL = 'vault-swarm.plugin.vault';
const CONTAINER = 'a'.repeat(64);
const SERVICE = 's'.repeat(25);

const announcement: PluginAnnouncement = {
  ...{ version: '1.0.0', state: 'running', kind: 'process', serviceId: null },
  ...{ startedAtMs: Date.UTC(2026, 2, 1), writtenAtMs: Date.UTC(2026, 2, 1, 1) },
  ...{ ledgerKeys: ['Key-id_1', 'Key-id_0'], clockAheadMs: -600_000 },
};

interface NodeOptions {
  readonly label?: PluginAnnouncement;
  readonly plugins?: readonly string[];
  readonly leader?: boolean;
  readonly reachability?: string;
}

function node(id: string, { label, plugins = [], leader = false, reachability = 'reachable' }: NodeOptions = {}) {
  return {
    ...{ ID: id, Version: { Index: 7 }, UpdatedAt: '2026-03-01T01:10:00.123456789Z' },
    Spec: {
      ...{ Role: 'manager', Availability: 'drain' },
      Labels: { zone: 'a', ...(label === undefined ? {} : { [LABEL]: announcementText(label) }) },
    },
    Description: {
      Hostname: `host-${id}`,
      Engine: { Plugins: plugins.map((Name) => ({ Type: 'secretprovider', Name })) },
    },
    Status: { State: 'ready' },
    ManagerStatus: { Leader: leader, Reachability: reachability },
  };
}

function managers(
  answers: Readonly<Record<string, unknown>>,
  { containerId = null, isManaged = false }: Partial<DockerManagersOptions> = {},
) {
  const calls: DockerCall[] = [];
  const connection: DockerConnection = {
    call: async (call, read) => {
      calls.push(call);
      const answer = answers[`${call.method} ${call.path}`];
      if (answer instanceof Error) throw answer;
      return read(
        (async function* () {
          yield Buffer.from(JSON.stringify(answer ?? {}));
        })(),
      );
    },
    open: () => Promise.reject(new Error('not here')),
    close: () => undefined,
  };
  return { calls, managers: new DockerManagers(connection, { pluginName: 'vault:latest', containerId, isManaged }) };
}

const INFO = { Swarm: { LocalNodeState: 'active', ControlAvailable: true, NodeID: 'n1' } };

it('lists the managers with what their plugins say, and what the engine knows of these', async () => {
  const service: PluginAnnouncement = { ...announcement, kind: 'service', serviceId: SERVICE };
  const managed: PluginAnnouncement = { ...announcement, kind: 'managed' };
  const directory = managers({
    'GET /info': INFO,
    'GET /nodes': [
      node('n1', { label: announcement, leader: true }),
      node('n2', { label: service }),
      node('n3', { label: service }),
      node('n4', { label: managed, plugins: ['vault:latest'] }),
      node('n5', { label: managed, plugins: ['another:latest'] }),
      node('n6', { reachability: 'unreachable' }),
    ],
    'GET /tasks': [
      { ID: 't1', ServiceID: SERVICE, NodeID: 'n2', Status: { State: 'running' } },
      { ID: 't2', ServiceID: SERVICE, NodeID: 'n3', Status: { State: 'preparing' } },
    ],
  });
  const list = await directory.managers.list({ signal });
  expect(list.map(({ id, isLeader, isUp, isSelf, isConfirmed }) => [id, isLeader, isUp, isSelf, isConfirmed])).toEqual([
    ['n1', true, true, true, null],
    ['n2', false, true, false, true],
    ['n3', false, true, false, false],
    ['n4', false, true, false, true],
    ['n5', false, true, false, false],
    ['n6', false, false, false, null],
  ]);
  expect(list[0]).toMatchObject({ name: 'host-n1', changedAtMs: Date.UTC(2026, 2, 1, 1, 10, 0, 123) });
  expect(list[5]?.announcement).toBeNull();
});

it('lists nothing on a worker', async () => {
  const worker = managers({ 'GET /info': { Swarm: { LocalNodeState: 'active', ControlAvailable: false } } });
  expect(await worker.managers.list({ signal })).toEqual([]);
});

it('takes a service that was removed for one without tasks', async () => {
  const { managers: directory } = managers({
    'GET /info': INFO,
    'GET /nodes': [node('n1', { label: { ...announcement, kind: 'service', serviceId: SERVICE } })],
    'GET /tasks': new DockerError('service gone not found', 404),
  });
  expect(await directory.list({ signal })).toMatchObject([{ isConfirmed: false }]);
});

it('announces in a label of the node, and leaves its role, its availability and its other labels as they are', async () => {
  const directory = managers({ 'GET /nodes/n1': node('n1') });
  expect(await directory.managers.announce('n1', announcement, { signal })).toBe('applied');
  const write = directory.calls.at(-1);
  expect(write).toMatchObject({ method: 'POST', path: '/nodes/n1/update', query: { version: 7 } });
  const body = JSON.parse(JSON.stringify(write?.body));
  expect(body).toMatchObject({ Role: 'manager', Availability: 'drain' });
  expect(Object.keys(body.Labels)).toEqual(['zone', LABEL]);
  expect(parseAnnouncement(body.Labels[LABEL])).toEqual(announcement);
});

it('has a conflict if the node was changed at the same time, and passes other errors on', async () => {
  const outOfSequence = new DockerError('update out of sequence', 500);
  const conflict = managers({ 'GET /nodes/n1': node('n1'), 'POST /nodes/n1/update': outOfSequence });
  expect(await conflict.managers.announce('n1', announcement, { signal })).toBe('conflict');
  const lost = managers({ 'GET /nodes/n1': node('n1'), 'POST /nodes/n1/update': new DockerError('socket hang up') });
  await expect(lost.managers.announce('n1', announcement, { signal })).rejects.toThrow('socket hang up');
});

it('knows a task of a service by its container, and a managed plugin without a request', async () => {
  const tasks = [{ ID: 't', ServiceID: 'svc', NodeID: 'n1', Status: { ContainerStatus: { ContainerID: CONTAINER } } }];
  const answers = { 'GET /info': INFO, 'GET /tasks': tasks };
  const kindOf = (containerId: string) => managers(answers, { containerId }).managers.ownKind({ signal });
  expect(await kindOf(CONTAINER)).toEqual({ kind: 'service', serviceId: 'svc' });
  expect(await kindOf('b'.repeat(64))).toEqual({ kind: 'process', serviceId: null });
  const { managers: managed, calls } = managers({}, { isManaged: true });
  expect(await managed.ownKind({ signal })).toEqual({ kind: 'managed', serviceId: null });
  expect(calls).toEqual([]);
});

it('keeps plugins of two names apart', () => {
  expect(announcementLabel('vault:latest')).toBe(LABEL);
  expect(announcementLabel('other')).not.toBe(LABEL);
});

it('reads the announcement of a version that says neither its keys nor its clock', () => {
  const { ledgerKeys, clockAheadMs, ...before } = JSON.parse(announcementText(announcement));
  expect(parseAnnouncement(JSON.stringify(before))).toEqual({ ...announcement, ledgerKeys: null, clockAheadMs: 0 });
});

it.each([['key'], 'Key-id_1', [['Key-id_1']], ['Key-id_1', 'Key-id_2', 'Key-id_3']])(
  'does not read %j as ids of keys',
  (ids) => {
    const text = JSON.stringify({ ...JSON.parse(announcementText(announcement)), ledgerKeys: ids });
    expect(parseAnnouncement(text)).toMatchObject({ ledgerKeys: null });
  },
);

it.each([
  undefined,
  '',
  '[]',
  'null',
  '{"version":1}',
  ...['', 's', 'web', null].map((service) =>
    JSON.stringify({ ...JSON.parse(announcementText(announcement)), kind: 'service', service }),
  ),
  '{"version":"1","state":"well"}',
  `{"version":"${'x'.repeat(2_000)}"}`,
])('takes no other label for an announcement: %s', (text) => {
  expect(parseAnnouncement(text)).toBeNull();
});

it.each([
  ['managed', null, 'docker plugin enable vault'],
  ['service', 'svc1', 'docker service ps --no-trunc svc1'],
  ['process', null, 'Start the plugin on m2'],
] as const)('says how a plugin that ran as a %s is started again', (kind, serviceId, action) => {
  const { advice } = managers({}).managers;
  expect(advice.start({ name: 'm2', announcement: { ...announcement, kind, serviceId } })).toContain(action);
  expect(advice.start({ name: 'm2', announcement: null })).toContain('Install the plugin on m2');
});
