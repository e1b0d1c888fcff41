import assert from 'node:assert/strict';
import { abortedInFlight, eventually, failedRead, probe, readText } from '../calls.ts';
import { canary, findValue } from '../canary.ts';
import { type ContractCheck, check } from '../contract-check.ts';
import type { RequestEvent, SuiteTools } from '../suite-tools.ts';

/** The deadline for the event of an aborted request. */
const EVENT_MS = 2_000;

/** Each request to the provider is an event: metrics, costs and the provider's health depend on them. */
export const requestChecks: readonly ContractCheck[] = [
  check('reports an event for each request, with its outcome', [], async (harness, instance, tools) => {
    await harness.write('value', { text: canary('value') });
    await readText(instance, harness.ref('value'));
    assertReported(tools, 0, 'ok');
    const earlier = tools.requests().length;
    await failedRead(instance, harness.ref('missing'), 'NOT_FOUND');
    assertReported(tools, earlier, 'NOT_FOUND');
  }),

  check('reports an event for a probe', ['markers'], async (harness, instance, tools) => {
    await harness.write('value', { text: canary('value') });
    await readText(instance, harness.ref('value'));
    const earlier = tools.requests().length;
    await probe(instance, [harness.ref('value')]);
    assertReported(tools, earlier, 'ok');
  }),

  check('reports requests of an outage as UNAVAILABLE', ['outage'], async (harness, instance, tools) => {
    await harness.write('value', { text: canary('value') });
    await readText(instance, harness.ref('value'));
    const earlier = tools.requests().length;
    await harness.outage.start();
    try {
      await failedRead(instance, harness.ref('value'), 'UNAVAILABLE');
    } finally {
      await harness.outage.end();
    }
    assertReported(tools, earlier, 'UNAVAILABLE');
  }),

  check('reports a request that was aborted as UNAVAILABLE', ['hang'], async (harness, instance, tools) => {
    await harness.write('value', { text: canary('value') });
    await readText(instance, harness.ref('value'));
    const earlier = tools.requests().length;
    await harness.hang.start();
    try {
      await abortedInFlight(100, (signal) => instance.secrets.read(harness.ref('value'), { signal }));
    } finally {
      await harness.hang.end();
    }
    await eventually(EVENT_MS, async () => assertReported(tools, earlier, 'UNAVAILABLE'));
  }),

  check('shows no value and no location in an event', [], async (harness, instance, tools) => {
    await harness.write('unseen', { fields: { a: canary('unseen') } });
    await readText(instance, harness.ref('unseen', { field: 'a' }));
    await failedRead(instance, harness.ref('unseen', { field: 'x' }));
    await failedRead(instance, harness.ref('missing'));
    assert.equal(findValue(tools.emitted), null, findValue(tools.emitted) ?? '');
    for (const { operation } of tools.requests()) {
      assert.match(operation, /^[a-z][a-z-]{0,40}$/, 'the operation is not a fixed word');
      assert(!/unseen|missing/.test(operation), `the operation "${operation}" names the secret`);
    }
  }),
];

/** Asserts that there is a valid event with this outcome after the first `earlier` ones. */
function assertReported(tools: SuiteTools, earlier: number, outcome: RequestEvent['outcome']): void {
  const events = tools.requests().slice(earlier);
  assert(events.length > 0, 'no event provider.request-completed was emitted');
  for (const { provider, durationMs } of events) {
    assert.equal(provider, tools.name, 'the event names another provider');
    assert(durationMs >= 0 && durationMs < 60_000, `the event has the duration ${durationMs} ms`);
  }
  const outcomes = events.map((event) => event.outcome);
  assert(outcomes.includes(outcome), `no event has the outcome ${outcome}, but: ${outcomes.join(', ')}`);
}
