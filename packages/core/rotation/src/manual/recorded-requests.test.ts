import { expect, test } from 'vitest';
import type { Observation } from '../bindings/observation.ts';
import { emptyLedger, type LedgerDocument, NOTHING_OPEN } from '../ledger/ledger.ts';
import { type ManualRequestInput, planRequest } from './plan-manual-request.ts';
import { RecordedRequests } from './recorded-requests.ts';

const value = (revision: string) => ({ revision, digest: revision, createdAtMs: null });
const task = { id: 't1', generation: 0, createdAtMs: 0, state: 'running', reason: '' };
const binding = { secret: { id: 's1', name: 'db', labels: {} }, key: 's1', refKey: 'ref', ref: {}, rotate: 'manual' };
const services = [{ service: { id: 'web', name: 'web', tasks: [task] }, bindings: [binding] }];

/** The ledger after a further request for `db`, whose only task has an old value. */
function requestAgain(ledger: LedgerDocument): LedgerDocument {
  const request = { kind: 'secret', name: 'db' };
  const input = { request, services, ledger, current: () => value('r2'), answered: () => [value('r1')] };
  return planRequest(input as unknown as ManualRequestInput).ledger;
}

const requestedIn = ({ services: { web = NOTHING_OPEN } }: LedgerDocument) => web.requested;

test('a request that is made again changes the ledger each time, whose list of requests stays short', () => {
  let ledger = emptyLedger(null);
  const lengths = Array.from({ length: 11 }, () => {
    ledger = requestAgain(ledger);
    return requestedIn(ledger).length;
  });
  expect(lengths).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 2, 3]);
});

test('the leader finds what another manager recorded, also what is requested again, and each once', () => {
  const recorded = new RecordedRequests();
  const observation = { role: 'leader', bindings: { services } } as unknown as Observation;
  const found = (ledger: LedgerDocument) => recorded.elsewhere(observation, ledger).map(({ key }) => key);
  const once = requestAgain(emptyLedger(null));
  const twice = requestAgain(once);
  expect(found(once)).toEqual(['s1']);
  expect(found(once)).toEqual([]);
  expect(found(twice)).toEqual(['s1']);
  recorded.wrote(requestAgain(twice));
  expect(found(requestAgain(twice))).toEqual([]);
  expect(found(emptyLedger(null))).toEqual([]);
});
