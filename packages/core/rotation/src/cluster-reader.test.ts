import { SimulatedClock } from '@vault-swarm/simulation';
import { expect, test, vi } from 'vitest';
import { ClusterReader } from './cluster-reader.ts';
import type { WorkloadSnapshot } from './ports/orchestrator.ts';

test('the status shows the observation that was started last, even if an older one ends later', async () => {
  const { signal } = new AbortController();
  const clock = new SimulatedClock();
  const snapshots: PromiseWithResolvers<WorkloadSnapshot>[] = [];
  const observed = vi.fn();
  const reader = new ClusterReader(
    {
      ...{ clock, labels: { read: vi.fn() }, events: { emit: vi.fn() } },
      access: { check: () => null, policy: null },
      leadership: { role: async () => 'leader' },
      ledger: { read: async () => null, compareAndSet: vi.fn() },
      orchestrator: {
        ...{ displayName: 'Swarm', findTask: vi.fn(), failures: vi.fn(), roll: vi.fn() },
        observe: () => {
          const snapshot = Promise.withResolvers<WorkloadSnapshot>();
          snapshots.push(snapshot);
          return snapshot.promise;
        },
      },
    } as unknown as ConstructorParameters<typeof ClusterReader>[0],
    { observed, silent: vi.fn(), unusable: vi.fn() } as unknown as ConstructorParameters<typeof ClusterReader>[1],
  );
  const older = reader.observe({ signal });
  await clock.advance(1);
  const newer = reader.observe({ signal });
  await clock.advance(1);
  const empty = { secrets: [], services: [] };
  snapshots[1]?.resolve(empty);
  await newer;
  snapshots[0]?.resolve({ ...empty });
  expect((await older)?.role).toBe('leader');
  expect(observed).toHaveBeenCalledOnce();
  expect(observed.mock.calls[0]?.[0]).toBe(empty);
});
