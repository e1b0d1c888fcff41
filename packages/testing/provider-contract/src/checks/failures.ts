import assert from 'node:assert/strict';
import type { ProviderErrorCode, ProviderInstance } from '@vault-swarm/provider';
import { eventually, failedRead, readText } from '../calls.ts';
import { canary } from '../canary.ts';
import type { Disturbance } from '../capability.ts';
import { type ContractCheck, check } from '../contract-check.ts';
import type { HarnessCore } from '../harness.ts';

/** The deadline for a provider to recover from a disturbance. */
const RECOVERY_MS = 10_000;

/** Each reason for a missing value has its error code. */
export const failureChecks: readonly ContractCheck[] = [
  check('fails with NOT_FOUND for a missing secret', [], async (harness, instance) => {
    const error = await failedRead(instance, harness.ref('missing'), 'NOT_FOUND');
    assert.equal(error.retryable, false);
  }),

  check('fails with INVALID_REF for a ref without a location', [], async (harness, instance) => {
    await failedRead(instance, { ...harness.ref('nowhere'), location: {} }, 'INVALID_REF');
  }),

  check('fails with UNAVAILABLE in an outage, and reads again after it', ['outage'], (harness, instance) =>
    disturbed(harness, instance, harness.outage, 'UNAVAILABLE'),
  ),

  check('fails with UNAUTHENTICATED if its login is rejected', ['login'], (harness, instance) =>
    disturbed(harness, instance, harness.login, 'UNAUTHENTICATED'),
  ),

  check('fails with RATE_LIMITED if it sends too many requests', ['throttling'], (harness, instance) =>
    disturbed(harness, instance, harness.throttling, 'RATE_LIMITED'),
  ),

  check('fails with ACCESS_DENIED for a secret that the policy denies', ['denial'], async (harness, instance) => {
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
