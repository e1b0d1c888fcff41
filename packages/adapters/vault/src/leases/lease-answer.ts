import { X509Certificate } from 'node:crypto';
import type { IssuedLease, LosslessJsonObject } from '@vault-swarm/provider';
import { field, isResponseObject, type VaultResponse, wholeNumber } from '../http-types.ts';
import { validBeforeMs } from './ssh-certificate.ts';

/** Longer ids are not Vault's. */
const MAX_ID_LENGTH = 512;

/**
 * What the answer of an engine issued; `null` if it is neither a lease nor a certificate that ends.
 * `serverTimeMs` in the answer is the server's time, with which the end of a certificate is compared.
 */
export function issuedBy(answer: VaultResponse, nowMs: number): Omit<IssuedLease, 'tokenTtlMs'> | null {
  const data = field(answer.body, 'data');
  const id = field(answer.body, 'lease_id');
  if (answer.status !== 200 || !isResponseObject(data)) return null;
  const leaseId = typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH ? id : null;
  const fields = data as LosslessJsonObject;
  const notAfterMs = endOf(fields);
  if (leaseId === null && notAfterMs === null) return null;
  const leaseMs = leaseId === null ? 0 : (wholeNumber(field(answer.body, 'lease_duration')) ?? 0) * 1_000;
  const certificateMs = notAfterMs === null ? null : Math.max(0, notAfterMs - (answer.serverTimeMs ?? nowMs));
  const ends = [...(leaseMs > 0 ? [leaseMs] : []), ...(certificateMs === null ? [] : [certificateMs])];
  return {
    payload: { kind: 'fields', fields },
    leaseId,
    durationMs: ends.length === 0 ? null : Math.min(...ends),
    renewable: leaseId !== null && field(answer.body, 'renewable') === true,
    notAfterMs,
  };
}

/** When a certificate in the fields ends, in milliseconds since 1970; `null` if there is none. */
function endOf(fields: LosslessJsonObject): number | null {
  const { certificate, signed_key: signedKey, expiration } = fields;
  if (typeof certificate === 'string') {
    try {
      return new X509Certificate(certificate).validToDate.getTime();
    } catch {
      // Not PEM: Vault also names the end.
      const seconds = wholeNumber(expiration);
      return seconds === undefined ? null : seconds * 1_000;
    }
  }
  return typeof signedKey === 'string' ? validBeforeMs(signedKey) : null;
}
