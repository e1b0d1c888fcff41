import assert from 'node:assert/strict';
import type { ProviderInstance, SecretRef } from '@vault-swarm/provider';
import { abortedInFlight, eventually, expectError, readText, rejection, within } from '../calls.ts';
import { canary } from '../canary.ts';
import { type ContractCheck, check } from '../contract-check.ts';

/** The deadline of an aborted call. */
const ABORT_MS = 100;

/** Callers can abort their calls. */
export const abortChecks: readonly ContractCheck[] = [
  check('does not read if the signal is already aborted', [], async (harness, instance) => {
    await harness.write('value', { text: canary('value') });
    const signal = AbortSignal.abort();
    expectError(await within(ABORT_MS, 'read', rejection(instance.secrets.read(harness.ref('value'), { signal }))));
  }),

  check('does not probe if the signal is already aborted', ['markers'], async (harness, instance) => {
    await harness.write('value', { text: canary('value') });
    const signal = AbortSignal.abort();
    const probing = instance.probe?.probe([harness.ref('value')], { signal });
    await within(ABORT_MS, 'probe', rejection(Promise.resolve(probing)));
  }),

  check('continues a read when another read of the same value is aborted', [], async (harness, instance) => {
    await harness.write('shared', { text: canary('shared') });
    const controller = new AbortController();
    const aborted = instance.secrets.read(harness.ref('shared'), { signal: controller.signal });
    const other = readText(instance, harness.ref('shared'));
    controller.abort();
    // It may have ended before it was aborted.
    await within(
      ABORT_MS,
      'the aborted read',
      aborted.then(() => undefined, expectError),
    );
    assert.equal(await other, canary('shared'));
  }),

  check('ends a read that hangs when it is aborted, and reads again', ['hang'], async (harness, instance) => {
    await harness.write('hanging', { text: canary('hanging') });
    await harness.hang.start();
    try {
      expectError(
        await abortedInFlight(ABORT_MS, (signal) => instance.secrets.read(harness.ref('hanging'), { signal })),
      );
    } finally {
      await harness.hang.end();
    }
    assert.equal(await eventually(10_000, () => readText(instance, harness.ref('hanging'))), canary('hanging'));
  }),

  check(
    'ends a read of a dripping response when it is aborted, and reads again',
    ['drip'],
    async (harness, instance) => {
      await harness.write('dripping', { text: canary('dripping') });
      await harness.drip.start();
      try {
        expectError(
          await abortedInFlight(ABORT_MS, (signal) => instance.secrets.read(harness.ref('dripping'), { signal })),
        );
      } finally {
        await harness.drip.end();
      }
      assert.equal(await eventually(10_000, () => readText(instance, harness.ref('dripping'))), canary('dripping'));
    },
  ),

  check('ends a probe that hangs when it is aborted', ['hang', 'markers'], async (harness, instance) => {
    await harness.write('hanging', { text: canary('hanging') });
    await harness.hang.start();
    try {
      await abortedInFlight(ABORT_MS, (signal) => probing(instance, harness.ref('hanging'), signal));
    } finally {
      await harness.hang.end();
    }
  }),
];

async function probing(instance: ProviderInstance, ref: SecretRef, signal: AbortSignal): Promise<unknown> {
  return instance.probe?.probe([ref], { signal });
}
