import { expect, test } from 'vitest';
import type { ServiceUses } from '../bindings/secret-binding.ts';
import { emptyLedger, type LedgerDocument } from '../ledger/ledger.ts';
import type { HeldValue } from '../ledger/secret-version.ts';
import { HandOver } from './leader-handover.ts';

const value = (revision: string): HeldValue => ({ revision, digest: revision });
const task = { id: 't1', generation: 0, createdAtMs: 0, state: 'running', reason: '' } as const;
const services = [
  {
    service: { id: 'web', name: 'web', tasks: [task] },
    uses: [{ secret: { id: 's1', name: 'db', labels: {} }, key: 's1', otherKey: 'web/s1', refKey: 'ref' }],
  },
] as unknown as readonly ServiceUses[];
const ledger: LedgerDocument = {
  ...emptyLedger(null),
  secrets: { s1: { revision: 'r2', digest: 'r2', seenAtMs: 0 } },
};
const note = (handOver: HandOver, ...answers: string[]) =>
  handOver.note({ services, ledger, current: () => undefined, answered: () => answers.map(value) });

test('what was answered otherwise than the ledger says is noted, once it was written no more', () => {
  const handOver = new HandOver();
  const next = note(handOver, 'r1');
  expect(next.services.web?.exceptions).toEqual({ t1: { s1: value('r1') } });
  expect(note(handOver, 'r1')).toEqual(next);
  handOver.written();
  expect(note(handOver, 'r1')).toBe(ledger);
});

test('of two answers the one that the ledger does not say is noted, since the task may hold it', () => {
  expect(note(new HandOver(), 'r2', 'r1').services.web?.exceptions).toEqual({ t1: { s1: value('r1') } });
});

test('nothing is noted of what the ledger says, or of what another process answered', () => {
  expect(note(new HandOver(), 'r2')).toBe(ledger);
  expect(note(new HandOver())).toBe(ledger);
});
