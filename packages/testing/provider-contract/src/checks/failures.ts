import assert from 'node:assert/strict';
import { type ProviderErrorCode, type ProviderInstance, refKey, type SecretRef } from '@vault-swarm/provider';
import { eventually, failedRead, probe, readText } from '../calls.ts';
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

  check('treats a disabled version as missing', ['withdrawal'], async (harness, instance) => {
    const ref = harness.ref('withdrawn');
    await harness.write('withdrawn', { text: canary('withdrawn') });
    await harness.write('present', { text: canary('present') });
    assert.equal(await readText(instance, ref), canary('withdrawn'));
    const marker = await currentMarker(instance, ref);
    await harness.withdrawal.start('withdrawn');
    try {
      const error = await failedRead(instance, ref, 'NOT_FOUND');
      assert.equal(error.retryable, false);
      assert.equal(await readText(instance, harness.ref('present')), canary('present'));
      const now = await currentMarker(instance, ref);
      assert(now === undefined || now !== marker, 'the probe does not detect that the version was disabled');
    } finally {
      await harness.withdrawal.end('withdrawn');
    }
    assert.equal(await eventually(RECOVERY_MS, () => readText(instance, ref)), canary('withdrawn'));
  }),

  check('fails with UNAVAILABLE for a value that does not fit its checksum', ['checksum'], (harness, instance) =>
    disturbed(harness, instance, harness.checksum, 'UNAVAILABLE'),
  ),
];

/** The marker of a ref; `undefined` if the provider has no probe, or the probe gives none. */
async function currentMarker(instance: ProviderInstance, ref: SecretRef): Promise<string | undefined> {
  if (instance.probe === null) return undefined;
  const result = (await probe(instance, [ref])).get(refKey(ref));
  return result?.kind === 'marker' ? result.marker : undefined;
}

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
