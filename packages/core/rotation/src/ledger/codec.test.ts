import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseLedger, readLedger, serialiseLedger } from './codec.ts';
import { emptyLedger, type LedgerDocument, NOTHING_OPEN } from './ledger.ts';
import { UNKNOWN_OLDER } from './secret-version.ts';

const NO_SECRETS = '{"keys":[],"revisions":[],"digests":[],"seenAtMs":[]}';

const full: LedgerDocument = {
  digestKey: 'key',
  lockdown: { sinceMs: 7 },
  hints: { vault: { atMs: 8, hook: 'audit' } },
  secrets: { s1: { revision: 'tag:1', digest: 'd1', seenAtMs: 1, noticed: { by: 'hook', hook: 'audit' } } },
  services: {
    web: {
      rollout: {
        generation: 4,
        startedAtMs: 2,
        changedAtMs: 1,
        attempt: 2,
        direction: 'forward',
        state: 'stuck',
        failure: 'no suitable node',
        fingerprint: 'f',
        target: { s1: { revision: 'tag:2', digest: 'd2' } },
        lastGood: { s1: { revision: 'tag:1', digest: 'd1' } },
        triggers: { s1: { by: 'poll', atMs: 1 } },
      },
      quarantines: [
        {
          failed: { s2: { revision: 'tag:2', digest: 'd2' } },
          lastGood: { s2: { revision: 'tag:1', digest: null } },
          sinceMs: 3,
          reason: 'exit code 1',
          isByUser: false,
        },
        { failed: {}, lastGood: {}, sinceMs: 4, reason: 'rollback completed', isByUser: true },
      ],
      requested: ['s1'],
      highestUsedGeneration: 3,
      previousValues: { s1: [{ revision: 'tag:0', digest: null, untilMs: 5 }], s2: [{ ...UNKNOWN_OLDER, untilMs: 5 }] },
      failedBefore: { s1: { revision: 'tag:8', digest: 'd8' } },
      taskOverrides: { t1: { s1: { revision: 'tag:9', digest: null } } },
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

test.each([Number.POSITIVE_INFINITY, Number.NaN])('a number that JSON does not have is refused (%d)', (sinceMs) => {
  const ledger = { ...emptyLedger('key'), lockdown: { sinceMs } };
  expect(() => serialiseLedger(ledger)).toThrow(`the ledger can't have ${sinceMs} as sinceMs`);
});

test.each([
  '',
  'null',
  '[]',
  '{}',
  '{"format":0,"secrets":{},"services":{}}',
  '{"format":"2","secrets":{},"services":{}}',
  '{"format":1,"secrets":7}',
  '{"format":1,"secrets":{"a":["r",7,1]},"services":{}}',
  '{"format":2,"secrets":{},"services":{}}',
  '{"format":2,"secrets":{"keys":["a"],"revisions":["r"],"digests":[7],"seenAtMs":[1]},"services":{}}',
  '{"format":2,"secrets":{"keys":["a"],"revisions":["r"],"digests":["d"],"seenAtMs":[]},"services":{}}',
  `{"format":2,"secrets":${NO_SECRETS},"services":{"web":{"rollout":{"generation":"4"}}}}`,
  `{"format":2,"secrets":${NO_SECRETS},"services":{"web":{"earlier":{"s":[["r",null]]}}}}`,
  serialiseLedger(full).slice(0, -5),
])('takes %j for damaged', (text) => {
  expect(parseLedger(text)).toBeNull();
});

test.each([2, 3, 4])('a ledger of format %i has the same fields or fewer', (format) => {
  const ledger = emptyLedger('key');
  const text = serialiseLedger(ledger);
  expect(readLedger(text.replace('"format":5', `"format":${format}`))).toEqual({ kind: 'readable', format, ledger });
});

/** What the plugin of the commit c0123f3 left on a real Swarm. */
const ofFormat1 = (name: string) =>
  readFileSync(new URL(`../../test/ledgers/format-1-${name}.txt`, import.meta.url), 'utf8').trim();

test('an earlier version’s ledger is read as it was meant', () => {
  expect(readLedger(ofFormat1('quiet'))).toEqual({
    kind: 'readable',
    format: 1,
    ledger: {
      digestKey: 'u7hYTL1U4ugUoRdqhoS1ipUyagN2-uWwJF_2ZieZZo8',
      lockdown: null,
      hints: {},
      secrets: {
        whsqlfb0k6fdni4t6y7qzqnqy: {
          ...{ revision: '162gmrh:1@2026-11-25T02:36:49.773477809Z', digest: 'VnoLGJBtZ3Qf2Ure' },
          seenAtMs: 1795574211422,
        },
        ovrixg4v8rj4l9t9jb8j8r5av: {
          ...{ revision: 'm0how1:2@2026-11-25T02:36:54.720752329Z', digest: 'k5YBm3n-ghim1Uhe' },
          seenAtMs: 1795574215675,
        },
      },
      services: {},
    },
  });
});

test('a rollout that an earlier version has started is open, and what its tasks held before is not known', () => {
  const ledger = parseLedger(ofFormat1('open-rollouts'));
  const value = { revision: '162gmrh:3@2026-11-25T02:37:39.776334117Z', digest: 'nG6y1sMu1U82eOAz' };
  const before = { revision: '162gmrh:2@2026-11-25T02:37:21.678619636Z', digest: 't1tzvm9RJG1yDr4f' };
  expect(ledger?.services.ufphntwxn3a3zijz53lin0s3g).toEqual({
    ...NOTHING_OPEN,
    rollout: {
      ...{ direction: 'forward', generation: 3, startedAtMs: 1795574263258, changedAtMs: 1795574260792, attempt: 1 },
      ...{ state: 'open', failure: '', fingerprint: '' },
      target: { whsqlfb0k6fdni4t6y7qzqnqy: value },
      lastGood: {},
    },
    previousValues: { whsqlfb0k6fdni4t6y7qzqnqy: [{ ...before, untilMs: 1795574260792 }] },
  });
  expect(parseLedger(ofFormat1('open-rollouts').replace('"failed":false', '"failed":true'))?.services).toMatchObject({
    kl0z1acodt4by7ib2xvp5bsc7: {
      rollout: { state: 'failed', failure: 'it failed under an earlier version of the plugin' },
    },
  });
});

test('a later version’s ledger is not taken for a damaged one, whatever else there is in it', () => {
  expect(readLedger('{"format":6,"digestKey":"key","what":[]}')).toEqual({
    ...{ kind: 'newer', format: 6, digestKey: 'key', isLockedDown: false },
  });
  expect(readLedger('{"format":6,"lockdown":{"since":"then"}}')).toEqual({
    ...{ kind: 'newer', format: 6, digestKey: null, isLockedDown: true },
  });
  expect(parseLedger('{"format":5}')).toBeNull();
});

test.each([
  ['brackets', '['.repeat(8_000_000)],
  ['brackets in a ledger', `{"format":5,"x":${'['.repeat(4_000_000)}${']'.repeat(4_000_000)}}`],
  ['empty objects', `{"format":9,"x":[${'{},'.repeat(5_000_000)}1]}`],
])('a text of millions of %s is damaged, and is not parsed', (_what, text) => {
  expect(readLedger(text)).toEqual({ kind: 'damaged' });
});

test.each([
  `{"format":5,"lockdown":{"sinceMs":1e300},"secrets":${NO_SECRETS},"services":{}}`,
  `{"format":5,"lockdown":{"sinceMs":-1},"secrets":${NO_SECRETS},"services":{}}`,
  '{"format":5,"secrets":{"keys":["a"],"revisions":["1"],"digests":["x"],"seenAtMs":[8640000000000001]},"services":{}}',
  `{"format":5,"secrets":${NO_SECRETS},"services":{"x":{"setAside":[{"failed":{},"lastGood":{},"sinceMs":1e300,"reason":""}]}}}`,
  `{"format":5,"secrets":${NO_SECRETS},"services":{"x":{"earlier":{"a":[["1","x",1e300]]}}}}`,
  `{"format":5,"secrets":${NO_SECRETS},"services":{"x":{"spentGeneration":1e300}}}`,
  `{"format":5,"secrets":${NO_SECRETS},"services":{"x":{"spentGeneration":1.5}}}`,
  `{"format":5,"secrets":${NO_SECRETS},"services":{"x":{"spentGeneration":-5}}}`,
  `{"format":1e300,"secrets":${NO_SECRETS},"services":{}}`,
])('a time that is none, or a generation that no service has, is damaged: %s', (text) => {
  expect(readLedger(text)).toEqual({ kind: 'damaged' });
});
