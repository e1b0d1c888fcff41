import { expect, it } from 'vitest';
import { type LeaseDocument, type LeaseSet, readLeases, serialiseLeases } from './lease-document.ts';

const set = (index: number): LeaseSet => ({
  id: `3-${(index * 7919).toString(36)}xk2v`,
  serviceId: `s3rv1ce${index}`.padEnd(25, 'x'),
  generation: 3,
  provider: 'vault',
  leaseKey: `["vault",[["mount","database"],["path","creds/shop-${index % 20}"]],null,null,"raw",{"lease":null}]`,
  epoch: 2,
  issuedAtMs: 1_790_000_000_000 + index,
  leaseId: `database/creds/shop-${index % 20}/${(index * 104_729).toString(36).padStart(24, 'Q')}`,
  renewalMs: 3_600_000,
  endMs: index % 2 === 0 ? null : 1_790_000_100_000,
  holder: `${(index * 15_485_863).toString(36).padStart(24, 'h')}`,
  knownUntilMs: 1_790_000_000_500,
});
const documentOf = (sets: readonly LeaseSet[]): LeaseDocument => ({
  sets,
  holders: sets.map(({ holder, serviceId, generation, provider }) => ({
    ...{ accessor: holder ?? '', serviceId, generation, provider, ttlMs: 86_400_000 },
  })),
});

it('is read as it was written', () => {
  const adopted = { ...set(5), leaseId: null, holder: null };
  const document = documentOf([set(1), set(2), adopted]);
  expect(readLeases(serialiseLeases(document))).toEqual({ kind: 'readable', document });
});

it('of 2,000 sets stays far below what Swarm takes, also without compression', () => {
  const { length } = serialiseLeases(documentOf(Array.from({ length: 2_000 }, (_, index) => set(index))));
  expect(length).toBeLessThan(2_000 * 250);
});

it('of a later version is not overwritten, and a damaged one is recognised', () => {
  expect(readLeases('{"format":2}')).toEqual({ kind: 'newer' });
  for (const text of ['', '{}', '[]', '{"format":1,"texts":[],"sets":[[]],"holders":[]}', '{"format":1,"texts":[1]}'])
    expect(readLeases(text), text).toEqual({ kind: 'damaged' });
});
