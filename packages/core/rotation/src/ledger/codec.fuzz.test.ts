import { fc, holdsFor } from '@vault-swarm/fuzz';
import { expect, test } from 'vitest';
import { parseLedger, serialiseLedger } from './codec.ts';
import type { LedgerDocument } from './ledger.ts';
import type { SecretVersion } from './secret-version.ts';
import { UNKNOWN_OLDER } from './secret-version.ts';

const text = fc.string({ unit: 'binary', maxLength: 10 });
const time = fc.nat();
const actual: fc.Arbitrary<SecretVersion> = fc.record({ revision: text, digest: fc.option(text) });
const values = fc.dictionary(text, actual, { maxKeys: 3 });
const rollout = fc.record({
  direction: fc.constantFrom('forward', 'rollback'),
  generation: time,
  startedAtMs: time,
  changedAtMs: time,
  attempt: time,
  state: fc.constantFrom('open', 'stuck', 'failed'),
  failure: text,
  fingerprint: text,
  target: values,
  lastGood: values,
});
/** In the text, an empty revision is a value that is only known to be older. */
const previousValue = fc
  .record({ revision: text, digest: fc.option(text), untilMs: time })
  .map((value) => (value.revision === '' ? { ...value, ...UNKNOWN_OLDER } : value));
const service = fc.record({
  rollout: fc.option(rollout),
  quarantines: fc.array(
    fc.record({ failed: values, lastGood: values, sinceMs: time, reason: text, isByUser: fc.boolean() }),
    { maxLength: 2 },
  ),
  requested: fc.array(text, { maxLength: 2 }),
  highestUsedGeneration: time,
  previousValues: fc.dictionary(text, fc.array(previousValue, { maxLength: 2 }), { maxKeys: 2 }),
  failedBefore: values,
  taskOverrides: fc.dictionary(text, values, { maxKeys: 2 }),
});
const ledgers = fc.record({
  digestKey: fc.option(text),
  lockdown: fc.option(fc.record({ sinceMs: time })),
  hints: fc.dictionary(text, fc.record({ atMs: time, hook: text }), { maxKeys: 2 }),
  secrets: fc.dictionary(text, fc.record({ revision: text, digest: text, seenAtMs: time }), { maxKeys: 4 }),
  services: fc.dictionary(text, service, { maxKeys: 3 }),
}) as fc.Arbitrary<LedgerDocument>;

test('any ledger is read as it was written', () =>
  holdsFor(ledgers, (ledger) => {
    expect(JSON.stringify(parseLedger(serialiseLedger(ledger)))).toBe(JSON.stringify(ledger));
  }));

const damaged = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc
    .tuple(ledgers, fc.nat(), fc.nat(), fc.constantFrom('', '0', '"', '{', ']', 'null,', '-'))
    .map(([ledger, at, length, other]) => {
      const whole = serialiseLedger(ledger);
      const start = at % (whole.length + 1);
      return whole.slice(0, start) + other + whole.slice(start + (length % 20));
    }),
);

test('a damaged ledger is read as none, or as one that can be written again', () =>
  holdsFor(damaged, (given) => {
    const ledger = parseLedger(given);
    if (ledger !== null) expect(parseLedger(serialiseLedger(ledger))).toEqual(ledger);
  }));
