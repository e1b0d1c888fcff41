import { RolloutRejected, type WriteOutcome } from '@vault-swarm/rotation';
import { describe, expect, it } from 'vitest';
import type { DockerCall, DockerConnection } from './connection.ts';
import { DockerError } from './docker-error.ts';
import { DockerOrchestrator } from './orchestrator.ts';

const { signal } = new AbortController();

/** An engine whose answers are functions of the call: a text, or an error. */
function engine(answer: (call: DockerCall) => string | Error): { calls: DockerCall[]; workloads: DockerOrchestrator } {
  const calls: DockerCall[] = [];
  const connection: DockerConnection = {
    call: async (call, read) => {
      calls.push(call);
      const given = answer(call);
      if (given instanceof Error) throw given;
      return read(
        (async function* () {
          yield Buffer.from(given);
        })(),
      );
    },
    open: () => Promise.reject(new Error('not here')),
    close: () => undefined,
  };
  return { calls, workloads: new DockerOrchestrator(connection, 'vault') };
}

/** A service's JSON as the engine writes it, with numbers that JavaScript would round. */
const service = (version: number, generation: number) =>
  `{"ID":"s","Version":{"Index":${version}},"Spec":{"Name":"api","TaskTemplate":{"ForceUpdate":${generation},` +
  '"ContainerSpec":{"Ulimits":[{"Hard":9223372036854775807}]},"Future":{"x":1.0}},"Mode":{"Replicated":{"Replicas":2}}}}';

const missing = new DockerError('no such service', 404);
const outOfSequence = new DockerError('rpc error: code = Unknown desc = update out of sequence', 500);
const invalid = new DockerError('invalid cpu value', 400);
const tooLarge = new DockerError("raft: raft message is too large and can't be sent", 500);
const open = [
  new DockerError('context deadline exceeded', 500),
  new DockerError('not a manager', 503),
  new DockerError('socket hang up'),
];

describe('rolling a service', () => {
  it('writes the spec back as it was read, but for the generation', async () => {
    const { calls, workloads } = engine(({ method }) => (method === 'GET' ? service(11, 4) : '{}'));
    expect(await workloads.roll('s', 11, 5, { signal })).toBe('applied');
    const [, update] = calls;
    expect(update?.path).toBe('/services/s/update');
    expect(update?.query).toEqual({ version: 11, registryAuthFrom: 'spec' });
    expect(JSON.stringify(update?.body)).toBe(
      JSON.stringify(JSON.parse(service(11, 5)).Spec)
        .replace('9223372036854776000', '9223372036854775807')
        .replace('"x":1}', '"x":1.0}'),
    );
  });

  it('writes nothing if the update is not due any more once the service was read', async () => {
    let isRead = false;
    const { calls, workloads } = engine(() => {
      isRead = true;
      return service(11, 4);
    });
    expect(await workloads.roll('s', 11, 5, { signal, isDue: () => !isRead })).toBe('conflict');
    expect(calls.map(({ method }) => method)).toEqual(['GET']);
  });

  it('writes nothing if the service has another version already, or is gone', async () => {
    for (const answer of [service(12, 4), missing]) {
      const { calls, workloads } = engine(() => answer);
      expect(await workloads.roll('s', 11, 5, { signal })).toBe('conflict');
      expect(calls).toHaveLength(1);
    }
  });

  it.each([
    ['out of sequence', outOfSequence, service(11, 4)],
    ['gone', missing, missing],
  ])('is a conflict if the service is %s when it is written', async (_, error, after) => {
    const { calls, workloads } = engine(({ method }) => {
      if (method === 'POST') return error;
      return calls.length === 1 ? service(11, 4) : after;
    });
    expect(await workloads.roll('s', 11, 5, { signal })).toBe('conflict');
  });

  it.each([
    ['the spec', invalid],
    ['its size', tooLarge],
    ['a network that it names', missing],
  ])('is refused for good if the engine does not take %s', async (_, error) => {
    const { workloads } = engine(({ method }) => (method === 'GET' ? service(11, 4) : error));
    const rolled = workloads.roll('s', 11, 5, { signal });
    await expect(rolled).rejects.toThrow(RolloutRejected);
    await expect(rolled).rejects.toThrow(error.message);
  });

  it('is rejected if the service can not be read', async () => {
    const error = new DockerError('did not answer');
    await expect(engine(() => error).workloads.roll('s', 11, 5, { signal })).rejects.toBe(error);
  });

  it.each<[string, string | Error, WriteOutcome]>([
    ['has the generation', service(12, 5), 'applied'],
    ['has what somebody else wrote', service(12, 4), 'conflict'],
    ['is as before', service(11, 4), 'unknown'],
    ['is gone', missing, 'conflict'],
    ['can not be read', new DockerError('did not answer'), 'unknown'],
  ])('if the response leaves it open and the service then %s, the outcome says so', async (_, after, outcome) => {
    for (const error of open) {
      const { calls, workloads } = engine(({ method }) => {
        if (method === 'POST') return error;
        return calls.length === 1 ? service(11, 4) : after;
      });
      expect(await workloads.roll('s', 11, 5, { signal })).toBe(outcome);
    }
  });

  const updated = (version: number, startedAt: string, name = 'api') =>
    `${service(version, 4).slice(0, -1).replace('api', name)},"UpdateStatus":{"State":"x","StartedAt":"${startedAt}"}}`;

  it('resumes a paused update by the same spec', async () => {
    const { calls, workloads } = engine(({ method }) => (method === 'GET' ? updated(11, '1') : '{}'));
    expect(await workloads.roll('s', 11, 4, { signal })).toBe('applied');
    expect(JSON.stringify(calls[1]?.body)).toContain('"ForceUpdate":4');
  });

  it.each<[string, string | Error, WriteOutcome]>([
    ['is updating again', updated(12, '2'), 'applied'],
    ['is not updating any more', service(12, 4), 'applied'],
    ['is in the same update still', updated(12, '1'), 'conflict'],
    ['has what somebody else wrote', updated(12, '2', 'other'), 'conflict'],
    ['has another generation', service(12, 5), 'conflict'],
    ['is as before', updated(11, '1'), 'unknown'],
  ])(
    'if it is open whether an update was resumed, and the service then %s, the outcome says so',
    async (_, after, outcome) => {
      for (const error of open) {
        const { calls, workloads } = engine(({ method }) => {
          if (method === 'POST') return error;
          return calls.length === 1 ? updated(11, '1') : after;
        });
        expect(await workloads.roll('s', 11, 4, { signal })).toBe(outcome);
      }
    },
  );

  it('refuses a generation that could not be written as it is', async () => {
    const { workloads } = engine(() => service(11, 4));
    await expect(workloads.roll('s', 11, 2 ** 53, { signal })).rejects.toThrow(RangeError);
  });
});

describe('observing', () => {
  const secrets = JSON.stringify([
    { ID: 'a', Spec: { Name: 'db', Labels: { vault_path: 'x' }, Driver: { Name: 'vault:latest' } } },
    { ID: 'b', Spec: { Name: 'other', Driver: { Name: 'else' } } },
  ]);
  const using = (ID: string, ...secretIds: string[]) => ({
    ID,
    Version: { Index: 1 },
    Spec: { Name: ID, TaskTemplate: { ContainerSpec: { Secrets: secretIds.map((SecretID) => ({ SecretID })) } } },
  });
  const task = (ID: string, ServiceID: string) => ({ ID, ServiceID, Status: { State: 'running' } });
  const tasks = JSON.stringify([task('t1', 's1'), task('t2', 'foreign')]);

  function observe(services: object[], tasksAnswer: (call: DockerCall) => string | Error = () => tasks) {
    return engine((call) => {
      if (call.path === '/secrets') return secrets;
      return call.path === '/services' ? JSON.stringify(services) : tasksAnswer(call);
    });
  }

  it('gives our secrets, the services that use them, and their tasks', async () => {
    const { calls, workloads } = observe([using('s1', 'a', 'b'), using('foreign', 'b'), using('none')]);
    expect(await workloads.observe({ signal })).toMatchObject({
      secrets: [{ id: 'a', name: 'db', labels: { vault_path: 'x' } }],
      services: [{ id: 's1', secretIds: ['a'], tasks: [{ id: 't1', state: 'running' }] }],
    });
    expect(calls.at(-1)?.query).toEqual({
      filters: { 'desired-state': ['running', 'ready', 'accepted', 'complete'], service: ['s1'] },
    });
  });

  it('asks for no tasks if no service uses a secret of ours', async () => {
    const { calls, workloads } = observe([using('foreign', 'b')]);
    expect((await workloads.observe({ signal })).services).toEqual([]);
    expect(calls.map(({ path }) => path)).toEqual(['/secrets', '/services']);
  });

  it('reads all tasks if a service is gone in the meantime, or there are many', async () => {
    const goneInBetween = observe([using('s1', 'a')], ({ query }) =>
      JSON.stringify(query).includes('"s1"') ? missing : tasks,
    );
    expect((await goneInBetween.workloads.observe({ signal })).services[0]?.tasks).toHaveLength(1);
    const many = observe(Array.from({ length: 21 }, (_, index) => using(`s${index}`, 'a')));
    expect((await many.workloads.observe({ signal })).services).toHaveLength(21);
    expect(JSON.stringify(many.calls.at(-1)?.query)).not.toContain('"s1"');
  });
});

describe('failures', () => {
  const failed = (ID: string, ServiceID: string, State: string) => ({ ID, ServiceID, NodeID: 'n', Status: { State } });
  const tasks = JSON.stringify([
    failed('t1', 's', 'failed'),
    failed('t2', 's', 'running'),
    failed('t3', 'x', 'failed'),
  ]);
  const nodes = JSON.stringify([{ ID: 'n', Spec: { Availability: 'active' }, Status: { State: 'ready' } }]);

  it('are those of the service alone, and tell of their node', async () => {
    const { calls, workloads } = engine(({ path }) => (path === '/nodes' ? nodes : tasks));
    expect((await workloads.failures('s', { signal })).map(({ id }) => id)).toEqual(['t1']);
    expect(calls[0]?.query).toEqual({ filters: { service: ['s'] } });
  });

  it('are none if the service is gone, or none failed: nodes are not read then', async () => {
    for (const answer of [missing, '[]']) {
      const { calls, workloads } = engine(() => answer);
      expect(await workloads.failures('s', { signal })).toEqual([]);
      expect(calls).toHaveLength(1);
    }
  });
});

describe('a task', () => {
  it('is asked for by its id alone', async () => {
    const { calls, workloads } = engine(() => '{"ID":"t1","Spec":{"ForceUpdate":6}}');
    expect(await workloads.findTask('t1', { signal })).toMatchObject({ id: 't1', generation: 6 });
    expect(await workloads.findTask('t', { signal })).toBeNull();
    expect(await workloads.findTask('', { signal })).toBeNull();
    expect(await workloads.findTask('../x', { signal })).toBeNull();
    expect(calls.map(({ path }) => path)).toEqual(['/tasks/t1', '/tasks/t', '/tasks/..%2Fx']);
  });

  it('has the generation 0 if it was never started again, and is null if there is none', async () => {
    expect(await engine(() => '{"ID":"t1","Spec":{}}').workloads.findTask('t1', { signal })).toMatchObject({
      generation: 0,
    });
    expect(await engine(() => missing).workloads.findTask('t1', { signal })).toBeNull();
    const silent = new DockerError('did not answer');
    await expect(engine(() => silent).workloads.findTask('t1', { signal })).rejects.toBe(silent);
  });
});
