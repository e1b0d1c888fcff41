import { AccessGuard, type AccessPolicy, ALLOW_ALL, type LabelReader, ProviderError } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import type { Workload, WorkloadSecret } from '../ports/orchestrator.ts';
import { UsesJoiner } from './secret-binding.ts';

const secret = (id: string, path = id): WorkloadSecret => ({ id, name: id, labels: { path } });
const service = (id: string, secretIds: readonly string[], more: Partial<Workload> = {}) =>
  ({ id, name: id, secretIds, formerSecretIds: [], tasks: [], ...more }) as unknown as Workload;

/** A joiner, and the paths that it has read labels of since it was asked last. */
function joiner(access = new AccessGuard(ALLOW_ALL)) {
  const read: string[] = [];
  const labels: Pick<LabelReader, 'read'> = {
    read: ({ path = '' }, _name, serviceName) => {
      read.push(path);
      if (path === 'wrong') throw new ProviderError('INVALID_REF', 'a wrong label');
      const ref = { provider: 'vault', location: { path }, encoding: 'raw' } as const;
      return { ref, rotate: 'auto', isPerService: path === `of ${serviceName}` };
    },
  };
  return { bindings: new UsesJoiner(labels, access), takeRead: () => read.splice(0) };
}

test('what did not change is joined once, and keeps its objects', () => {
  const { bindings, takeRead } = joiner();
  const snapshot = { secrets: [secret('a'), secret('b', 'wrong')], services: [service('web', ['a', 'b'])] };
  const first = bindings.join(snapshot);
  expect(takeRead()).toEqual(['a', 'wrong']);
  const again = bindings.join(snapshot);
  expect(takeRead()).toEqual([]);
  expect(again.services[0]).toBe(first.services[0]);
  expect(again.problems).toEqual([{ secret: snapshot.secrets[1], message: 'a wrong label' }]);
});

test('a service whose tasks changed has the uses that it had', () => {
  const { bindings, takeRead } = joiner();
  const secrets = [secret('a')];
  const first = bindings.join({ secrets, services: [service('web', ['a'])] });
  const changed = service('web', ['a'], { version: 2 });
  const next = bindings.join({ secrets, services: [changed] });
  expect(takeRead()).toEqual(['a']);
  expect(next.services[0]?.service).toBe(changed);
  expect(next.services[0]?.bindings).toBe(first.services[0]?.bindings);
});

test.each([
  ['a secret has other labels', [secret('a', 'other')], service('web', ['a'])],
  ['it uses another secret', [secret('a'), secret('b')], service('web', ['b'])],
  ['it has another name', [secret('a')], service('web', ['a'], { name: 'new' })],
  ['a secret is gone', [], service('web', ['a'])],
])('a service is joined again if %s', (_, secrets, changed) => {
  const { bindings } = joiner();
  bindings.join({ secrets: [secret('a')], services: [service('web', ['a'])] });
  const fresh = joiner().bindings.join({ secrets, services: [changed] });
  expect(bindings.join({ secrets, services: [changed] })).toEqual(fresh);
});

test('a secret that the access policy denies is marked, until the policy or the stack changes', () => {
  const denyAll: AccessPolicy = { ...ALLOW_ALL, default: 'deny', rules: [] };
  const access = new AccessGuard(denyAll);
  const { bindings } = joiner(access);
  const snapshot = { secrets: [secret('a')], services: [service('web', ['a'])] };
  const message = 'the access policy denies service web vault a: no rule is for it, and the default is deny';
  const denied = bindings.join(snapshot);
  expect(denied.services[0]?.bindings[0]?.denial).toBe(message);
  expect(denied.denials).toEqual([{ service: 'web', secret: 'a', provider: 'vault', message, isEnforced: true }]);
  const rule = { stacks: ['web'], services: null, grant: new Map([['vault', ['a']]]), versions: 'any' } as const;
  access.replace({ ...denyAll, rules: [rule] });
  const inStack = { ...snapshot, services: [service('web', ['a'], { name: 'web_a', tenant: 'web' })] };
  expect(bindings.join(snapshot).denials).toHaveLength(1);
  expect(bindings.join(inStack).denials).toEqual([]);
  access.replace({ ...denyAll, mode: 'report' });
  const reported = bindings.join(snapshot);
  expect(reported.denials).toMatchObject([{ isEnforced: false }]);
  expect(reported.services[0]?.bindings[0]?.denial).toBeUndefined();
});
