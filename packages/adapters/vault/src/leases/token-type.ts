/** Batch tokens start with `hvb.` in Vault and with `b.` in OpenBao and older versions. */
const BATCH = /^(hv)?b\./;

/**
 * Whether it is a batch token: it has no accessor, can't create tokens, and owns leases only until its own end.
 * @see https://developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes
 */
export function isBatchToken(token: string): boolean {
  return BATCH.test(token);
}
