import { expect, test } from 'vitest';
import type { Observation } from '../bindings/observation.ts';
import { LEDGER_FORMAT, parseLedger } from '../ledger/codec.ts';
import { emptyLedger, type LedgerDocument } from '../ledger/ledger.ts';
import { Lockdowns } from './lockdown.ts';

const { signal } = new AbortController();

test('what was observed before this process wrote does not end a lockdown, nor start it again', async () => {
  let nowMs = 0;
  let stored: LedgerDocument = emptyLedger(null);
  const heeded: boolean[] = [];
  const observe = (): Observation => {
    nowMs += 1;
    return {
      ...{
        startedAtMs: nowMs,
        role: 'leader',
        secrets: [],
        bindings: { services: [], problems: [], denials: [] },
        version: '1',
      },
      ...{ stored: { kind: 'readable', ledger: stored, format: LEDGER_FORMAT }, mustRewrite: false },
    };
  };
  const read = (observed: Observation) =>
    lockdowns.read(observed, observed.stored.kind === 'readable' ? observed.stored.ledger : emptyLedger(null));
  const lockdowns: Lockdowns = new Lockdowns({
    values: { lockDown: (active) => heeded.push(active) },
    ledger: {
      read: async () => null,
      compareAndSet: async (_, text) => {
        stored = parseLedger(text) ?? stored;
        return 'applied';
      },
    },
    clock: { now: () => nowMs, monotonic: () => nowMs, after: () => () => undefined },
    events: { emit: () => undefined },
    orchestratorName: 'Swarm',
    observe: async () => observe(),
    adopt: read,
    onChange: () => undefined,
  });
  const before = observe();
  await lockdowns.request(true, { signal });
  read(before);
  expect(lockdowns.active).not.toBeNull();
  const during = observe();
  read(during);
  await lockdowns.request(false, { signal });
  read(during);
  expect(lockdowns.active).toBeNull();
  expect(heeded).toEqual([true, false]);
});
