import { expect, test } from 'vitest';
import type { ServiceBindings } from '../bindings/secret-binding.ts';
import { emptyLedger, type LedgerDocument } from '../ledger/ledger.ts';
import type { SecretVersion } from '../ledger/secret-version.ts';
import { LeaderHandover } from './leader-handover.ts';

const value = (revision: string): SecretVersion => ({ revision, digest: revision });
const task = { id: 't1', generation: 0, createdAtMs: 0, state: 'running', reason: '' } as const;
const services = [
  {
    service: { id: 'web', name: 'web', tasks: [task] },
    bindings: [{ secret: { id: 's1', name: 'db', labels: {} }, key: 's1', aliasKey: 'web/s1', refKey: 'ref' }],
  },
] as unknown as readonly ServiceBindings[];
const ledger: LedgerDocument = {
  ...emptyLedger(null),
  secrets: { s1: { revision: 'r2', digest: 'r2', seenAtMs: 0 } },
};
const note = (recordHandover: LeaderHandover, ...answers: string[]) =>
  recordHandover.note({ services, ledger, current: () => undefined, answered: () => answers.map(value) });

test('what was answered otherwise than the ledger says is recorded, once it was written no more', () => {
  const recordHandover = new LeaderHandover();
  const next = note(recordHandover, 'r1');
  expect(next.services.web?.taskOverrides).toEqual({ t1: { s1: value('r1') } });
  expect(note(recordHandover, 'r1')).toEqual(next);
  recordHandover.written();
  expect(note(recordHandover, 'r1')).toBe(ledger);
});

test('of two answers the one that is not the newest is recorded, since the task may hold it', () => {
  expect(note(new LeaderHandover(), 'r2', 'r1').services.web?.taskOverrides).toEqual({ t1: { s1: value('r1') } });
});

test('of two answers neither is recorded if the ledger says the one that is not the newest', () => {
  const current = () => ({ ...value('r3'), digest: 'r3', createdAtMs: null });
  const answered = () => [value('r2'), value('r3')];
  expect(new LeaderHandover().note({ services, ledger, current, answered })).toBe(ledger);
});

test('nothing is recorded of what the ledger says, or of what another process answered', () => {
  expect(note(new LeaderHandover(), 'r2')).toBe(ledger);
  expect(note(new LeaderHandover())).toBe(ledger);
});
