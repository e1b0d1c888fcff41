import assert from 'node:assert/strict';
import type { ProviderErrorCode, ProviderInstance } from '@vault-swarm/provider';
import { eventually, failedRead, readText } from '../calls.ts';
import { canary } from '../canary.ts';
import type { Disturbance } from '../capability.ts';
import { type ContractCheck, check } from '../contract-check.ts';
import type { HarnessCore } from '../harness.ts';

/** How soon after the end of a disturbance a provider has to answer again. */
const RECOVERY_MS = 10_000;

/** Each reason for which there is no value has its code. */
export const failureChecks: readonly ContractCheck[] = [
  check('answers NOT_FOUND for a secret that is not there', [], async (harness, instance) => {
    const error = await failedRead(instance, harness.ref('missing'), 'NOT_FOUND');
    assert.equal(error.retryable, false);
  }),

  check('answers INVALID_REF for a ref that names no place', [], async (harness, instance) => {
    await failedRead(instance, { ...harness.ref('nowhere'), location: {} }, 'INVALID_REF');
  }),

  check('answers UNAVAILABLE in an outage, and reads again after it', ['outage'], (harness, instance) =>
    disturbed(harness, instance, harness.outage, 'UNAVAILABLE'),
  ),

  check('answers UNAUTHENTICATED where its login is refused', ['login'], (harness, instance) =>
    disturbed(harness, instance, harness.login, 'UNAUTHENTICATED'),
  ),

  check('answers RATE_LIMITED where it is asked to slow down', ['throttling'], (harness, instance) =>
    disturbed(harness, instance, harness.throttling, 'RATE_LIMITED'),
  ),

  check('answers ACCESS_DENIED for a secret that it may not read', ['denial'], async (harness, instance) => {
    await harness.write('forbidden', { text: canary('forbidden') });
    await harness.write('allowed', { text: canary('allowed') });
    await harness.denial.start('forbidden');
    try {
      await failedRead(instance, harness.ref('forbidden'), 'ACCESS_DENIED');
      assert.equal(await readText(instance, harness.ref('allowed')), canary('allowed'));
    } finally {
      await harness.denial.end('forbidden');
    }
    await eventually(RECOVERY_MS, () => readText(instance, harness.ref('forbidden')));
  }),
];

async function disturbed(
  harness: HarnessCore,
  instance: ProviderInstance,
  disturbance: Disturbance,
  code: ProviderErrorCode,
): Promise<void> {
  await harness.write('value', { text: canary('value') });
  assert.equal(await readText(instance, harness.ref('value')), canary('value'));
  await disturbance.start();
  try {
    const error = await failedRead(instance, harness.ref('value'), code);
    assert.equal(error.retryable, true);
  } finally {
    await disturbance.end();
  }
  assert.equal(await eventually(RECOVERY_MS, () => readText(instance, harness.ref('value'))), canary('value'));
}
