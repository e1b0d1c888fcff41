import assert from 'node:assert/strict';
import type { ProviderInstance } from '@vault-swarm/provider';
import { eventually, expectError, read, readText, rejection, within } from '../calls.ts';
import { canary } from '../canary.ts';
import { type ContractCheck, check } from '../contract-check.ts';
import type { HarnessCore } from '../harness.ts';
import { withHeldResources } from '../held-resources.ts';
import { createSuiteTools } from '../suite-tools.ts';

/** The deadline for closing all resources. */
const CLOSE_MS = 1_000;

/** A closed instance keeps no resources. */
export const closingChecks: readonly ContractCheck[] = [
  check('keeps no resource open after it is closed', [], async (harness, _instance, tools) => {
    await harness.write('value', { text: canary('value') });
    // A clock of its own, so that its timers are counted apart.
    const own = createSuiteTools(tools.name);
    const openUseClose = async () => {
      const instance = await harness.open(own);
      await use(instance, harness);
      await instance.close();
    };
    await withHeldResources(openUseClose, (held) =>
      eventually(CLOSE_MS, async () => assert.deepEqual(held(), [], 'still active')),
    );
    assert.equal(own.clock.pending, 0, 'a timer of its clock still waits');
  }),

  check('can be closed twice', [], async (harness, _instance, tools) => {
    const instance = await harness.open(tools);
    await instance.close();
    await instance.close();
  }),

  check('aborts reads in flight when it is closed', ['hang'], async (harness, _instance, tools) => {
    await harness.write('hanging', { text: canary('hanging') });
    const instance = await harness.open(tools);
    await harness.hang.start();
    try {
      const ended = rejection(read(instance, harness.ref('hanging')));
      await within(CLOSE_MS, 'close', instance.close());
      expectError(await within(CLOSE_MS, 'the read in progress', ended));
    } finally {
      await harness.hang.end();
    }
  }),
];

/** Makes the instance do everything that may open a connection, a watch or a timer. */
async function use(instance: ProviderInstance, harness: HarnessCore): Promise<void> {
  instance.hints?.onHint(() => {});
  await readText(instance, harness.ref('value'));
  const signal = AbortSignal.timeout(CLOSE_MS);
  await instance.probe?.probe([harness.ref('value'), harness.ref('missing')], { signal });
}
