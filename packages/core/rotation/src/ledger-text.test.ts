import { expect, test } from 'vitest';
import { emptyLedger, type LedgerDocument, NOTHING_OPEN } from './ledger.ts';
import { parseLedger, serialiseLedger } from './ledger-text.ts';

const NO_SECRETS = '{"keys":[],"revisions":[],"digests":[],"seenAtMs":[]}';

const full: LedgerDocument = {
  digestKey: 'key',
  secrets: { s1: { revision: 'tag:1', digest: 'd1', seenAtMs: 1 } },
  services: {
    web: {
      rollout: {
        generation: 4,
        begunAtMs: 2,
        changedAtMs: 1,
        attempt: 2,
        direction: 'forward',
        state: 'stuck',
        failure: 'no suitable node',
        fingerprint: 'f',
        target: { s1: { revision: 'tag:2', digest: 'd2' } },
        lastGood: { s1: { revision: 'tag:1', digest: 'd1' } },
      },
      setAside: [
        {
          failed: { s2: { revision: 'tag:2', digest: 'd2' } },
          lastGood: { s2: { revision: 'tag:1', digest: null } },
          sinceMs: 3,
          reason: 'task: non-zero exit (1)',
        },
      ],
      requested: ['s1'],
      spentGeneration: 3,
      earlier: { s1: [{ revision: 'tag:0', digest: null, untilMs: 5 }] },
      exceptions: { t1: { s1: { revision: 'tag:9', digest: null } } },
    },
    idle: NOTHING_OPEN,
  },
};

test.each([
  ['a first one', emptyLedger('key')],
  ['one without a key of its own', emptyLedger(null)],
  ['one with all there can be', full],
])('what is written is read again: %s', (_what, ledger) => {
  expect(parseLedger(serialiseLedger(ledger))).toEqual(ledger);
});

test.each([
  '',
  'null',
  '[]',
  '{}',
  '{"format":3,"secrets":{},"services":{}}',
  '{"format":2,"secrets":{},"services":{}}',
  '{"format":2,"secrets":{"keys":["a"],"revisions":["r"],"digests":[7],"seenAtMs":[1]},"services":{}}',
  '{"format":2,"secrets":{"keys":["a"],"revisions":["r"],"digests":["d"],"seenAtMs":[]},"services":{}}',
  `{"format":2,"secrets":${NO_SECRETS},"services":{"web":{"rollout":{"generation":"4"}}}}`,
  `{"format":2,"secrets":${NO_SECRETS},"services":{"web":{"earlier":{"s":[["r",null]]}}}}`,
  serialiseLedger(full).slice(0, -5),
])('takes %j for damaged', (text) => {
  expect(parseLedger(text)).toBeNull();
});
