import { ProviderError, type ProviderErrorCode } from '@vault-swarm/provider';
import { classify, says } from '../error-code.ts';
import type { VaultResponse } from '../http-types.ts';
import { vaultErrorOf } from '../vault-error.ts';

interface Rule {
  /** One of the server's errors starts with one of these texts. */
  readonly starts: readonly string[];
  readonly code: ProviderErrorCode;
  readonly advice: (paramsLabel: string) => string;
}

/**
 * Why engines refuse a request for a credential, with 400. The texts are from their source code.
 *
 * @see https://github.com/hashicorp/vault/blob/v1.21.4/builtin/logical/pki/issuing/cert_util.go
 */
const RULES: readonly Rule[] = [
  {
    starts: ['unknown role'],
    code: 'NOT_FOUND',
    advice: () => 'there is no such role; create it, or correct the path',
  },
  {
    starts: ['cannot satisfy request, as TTL would result in notAfter'],
    code: 'INVALID_REF',
    advice: (label) =>
      `the certificate would end after its CA; set a shorter "ttl" in ${label} or in the role, or renew the CA`,
  },
  {
    starts: ['common name ', 'subject alternate name ', 'email address ', 'IP Subject Alternative Name'],
    code: 'INVALID_REF',
    advice: (label) => `the role does not allow a name in ${label}; correct the name, or the role`,
  },
  {
    starts: ['the common_name field is required'],
    code: 'INVALID_REF',
    advice: (label) => `the role needs a name; set ${label}={"common_name":"…"}`,
  },
  {
    starts: ['Field validation failed'],
    code: 'INVALID_REF',
    advice: (label) => `a parameter in ${label} has the wrong type; correct it`,
  },
];

/** The error for a response without a credential that is not a denial. */
export function issueError(answer: VaultResponse, displayName: string, paramsLabel: string): ProviderError {
  const { status } = answer;
  const rule = status === 400 ? RULES.find(({ starts }) => starts.some((words) => says(answer, words))) : undefined;
  if (rule !== undefined) return new ProviderError(rule.code, `${displayName}: ${rule.advice(paramsLabel)}`);
  const verdict = classify('issue', answer);
  if (status === 405) {
    const message = `the engine does not take this request; set ${paramsLabel} if the path needs parameters, else remove it`;
    return new ProviderError('INVALID_REF', `${displayName}: ${message}`);
  }
  if (status === 400 && verdict !== 'ok' && verdict.code === 'INVALID_REF') {
    const message = `the engine refuses it; check the parameters in ${paramsLabel}, the role, and the server's log (status 400)`;
    return new ProviderError('INVALID_REF', `${displayName}: ${message}`, { isProven: false });
  }
  if (status === 500) {
    const message = "the engine could not create it; check its connection, and the server's log (status 500)";
    return new ProviderError('UNAVAILABLE', `${displayName}: ${message}`);
  }
  return vaultErrorOf(answer, displayName, 'issue');
}
