import type { ProviderErrorCode } from '@vault-swarm/provider';
import { field, isResponseObject, type VaultOperation, type VaultResponse } from './http-types.ts';

/** The meaning of a response without the requested data. */
export interface Classification {
  readonly code: ProviderErrorCode;
  /** False: the response does not prove the code, so a cached value may still be valid. */
  readonly isProven: boolean;
  /** True: the server rejected the request before any effect, so nothing is used up. */
  readonly isUntouched: boolean;
  /** True: a retry within moments is useless, because an operator must change something first. */
  readonly isLasting: boolean;
  /** What is wrong, and what to change. */
  readonly advice: string;
}

interface Rule {
  /** Undefined: any status, because other server versions send the same text with other statuses. */
  readonly status?: number | '3xx' | '4xx' | '5xx';
  /** True: only a response that does not have Vault's format. */
  readonly isForeign?: true;
  /** True: only a response without a body, to a request whose path comes from labels. */
  readonly isEmpty?: true;
  /** True: only a response that lists no error. */
  readonly isSilent?: true;
  /** One of the server's errors ends with one of these texts. */
  readonly ends?: readonly string[];
  /** The same for errors that start with one of these texts. */
  readonly starts?: readonly string[];
  readonly code: ProviderErrorCode;
  readonly isProven?: boolean;
  readonly isUntouched?: true;
  readonly isLasting?: true;
  readonly advice: string;
}

/**
 * The meaning of responses of Vault and OpenBao: the first rule that matches. The texts are from their source code.
 * The status alone says little: any failure of a token lookup is a 400, as is a request to a disaster recovery
 * secondary.
 *
 * @see https://github.com/hashicorp/vault/blob/v1.21.4/sdk/logical/response_util.go
 * @see https://github.com/hashicorp/vault/blob/v1.21.4/http/handler.go
 * @see https://github.com/openbao/openbao/blob/main/sdk/logical/response_util.go
 */
const RULES: readonly Rule[] = [
  {
    status: 429,
    code: 'RATE_LIMITED',
    advice: 'a quota is used up; increase it, or poll less often',
  },
  {
    ends: ['Vault is sealed', 'core is sealed', 'namespace is sealed'],
    code: 'UNAVAILABLE',
    isUntouched: true,
    advice: 'the server is sealed; unseal it',
  },
  {
    starts: ['API access to this namespace has been locked by an administrator'],
    code: 'UNAVAILABLE',
    isUntouched: true,
    isLasting: true,
    advice: 'an administrator has locked the namespace; unlock it',
  },
  {
    // Also for a namespace below a sealed one.
    ends: ['namespace not found'],
    code: 'UNAVAILABLE',
    isUntouched: true,
    isLasting: true,
    advice:
      'the server has no such namespace; correct VAULT_NAMESPACE (or OPENBAO_NAMESPACE), or unseal the namespace above',
  },
  {
    ends: [
      'cannot write to readonly storage',
      'operation could not be completed as storage is read-only',
      'please forward to the active node',
      'Vault is in standby mode',
    ],
    code: 'UNAVAILABLE',
    advice:
      'this server is a standby that could not forward the request to the active server; if that lasts, check its log',
  },
  {
    ends: [
      'local node not active but active cluster node not found',
      'no active Vault instance found',
      'node is not active',
    ],
    code: 'UNAVAILABLE',
    isUntouched: true,
    advice: 'the cluster has no active server; if that lasts, check its members',
  },
  {
    ends: ['path disabled in replication DR secondary mode'],
    code: 'UNAVAILABLE',
    isUntouched: true,
    advice: 'the server is a disaster recovery secondary, which answers no requests; use the address of the primary',
  },
  {
    status: 472,
    code: 'UNAVAILABLE',
    isUntouched: true,
    advice: 'the server is a disaster recovery secondary, which answers no requests; use the address of the primary',
  },
  {
    status: 473,
    code: 'UNAVAILABLE',
    isUntouched: true,
    advice: 'this server is a standby; if that lasts, check the load balancer in front of it',
  },
  {
    status: 412,
    code: 'UNAVAILABLE',
    isUntouched: true,
    advice: 'this server does not have the latest data of the active server yet; if that lasts, check its replication',
  },
  {
    ends: ['overloaded, try again later', 'Vault server temporarily overloaded'],
    code: 'UNAVAILABLE',
    advice: 'the server is overloaded',
  },
  {
    starts: [
      'Upgrading from non-versioned to versioned data.',
      'Waiting for the primary to upgrade from non-versioned to versioned data.',
    ],
    code: 'UNAVAILABLE',
    advice: 'the mount is being upgraded to KV v2',
  },
  {
    // Not about the request: the server could not check our token, or was being stopped.
    starts: ['error performing token check'],
    ends: ['cannot write to storage during setup', 'context canceled', 'context deadline exceeded', 'internal error'],
    code: 'UNAVAILABLE',
    advice: "the server could not process it; check the server's log",
  },
  {
    starts: [
      'missing x-forwarded-for header',
      'client address not authorized for x-forwarded-for',
      'malformed x-forwarded-for',
    ],
    code: 'UNAVAILABLE',
    isLasting: true,
    advice: 'the server accepts requests only from its proxy; use the address of the proxy',
  },
  {
    // The server rejects a path with an unprintable character so. If this counted as an outage, one label could cause
    // one.
    status: 400,
    isEmpty: true,
    code: 'INVALID_REF',
    isProven: false,
    advice: 'the server rejects this path without a reason; check path and mount for hidden characters',
  },
  {
    status: '4xx',
    isForeign: true,
    code: 'UNAVAILABLE',
    advice:
      'the response does not come from Vault; check VAULT_ADDR (or OPENBAO_ADDR), and any proxy in front of the server',
  },
  {
    status: '5xx',
    isForeign: true,
    code: 'UNAVAILABLE',
    advice: 'a proxy or load balancer answers instead of Vault; check whether the server runs',
  },
  {
    status: '3xx',
    code: 'UNAVAILABLE',
    isLasting: true,
    advice: 'the server redirects the request, which is not followed; use the address of the target server',
  },
  {
    status: 403,
    ends: ['invalid token', 'bad token'],
    code: 'UNAUTHENTICATED',
    advice: 'the token is rejected',
  },
  {
    status: 403,
    starts: ['preflight capability check returned 403'],
    ends: ['permission denied'],
    code: 'ACCESS_DENIED',
    advice: 'the policy of the login does not allow it',
  },
  {
    status: 403,
    isSilent: true,
    code: 'UNAVAILABLE',
    isLasting: true,
    advice: 'the server is in recovery mode; start it without -recovery',
  },
  {
    status: 403,
    code: 'ACCESS_DENIED',
    isProven: false,
    advice: "the server rejects it; check the server's log",
  },
  {
    status: 404,
    code: 'NOT_FOUND',
    advice: 'it does not exist',
  },
  {
    status: 405,
    code: 'INVALID_REF',
    advice: 'the server does not know this request; correct path or mount',
  },
  {
    status: 400,
    starts: ['Field validation failed', 'missing path', 'path cannot contain parent references'],
    ends: ['relative paths not supported', 'unsupported operation'],
    code: 'INVALID_REF',
    advice: 'the server rejects this path; correct path, mount or version',
  },
  {
    status: '4xx',
    code: 'INVALID_REF',
    isProven: false,
    advice: "the server rejects this path; correct path or mount, or check the server's log",
  },
];

const UNEXPECTED: Rule = {
  code: 'UNAVAILABLE',
  advice: "unexpected response; check the server's log",
};

/** Operations whose path comes from settings. */
const OF_OURS: ReadonlySet<VaultOperation> = new Set(['login', 'renew', 'lookup', 'lease', 'holder']);

/** Further or longer errors of a response are ignored: Vault's own are short. */
const MAX_LINES = 20;
const MAX_LENGTH = 2_000;

/** The meaning of a response for an operation: `ok`, or why there is no data. */
export function classify(operation: VaultOperation, answer: VaultResponse): 'ok' | Classification {
  if (answer.status >= 200 && answer.status < 300) return 'ok';
  const said = linesOf(answer, 'errors');
  const isOfLabels = !OF_OURS.has(operation);
  const rule =
    RULES.find((candidate) => (candidate.isEmpty !== true || isOfLabels) && fits(candidate, answer, said)) ??
    UNEXPECTED;
  const { isProven = true, isUntouched = false, isLasting = false, advice } = rule;
  return { code: codeFor(operation, rule.code), isProven, isUntouched, isLasting, advice };
}

/** Whether the server is reachable and would answer a retry in the same way. */
export function isFinal({ code, isProven }: Classification): boolean {
  return isProven && (code === 'NOT_FOUND' || code === 'ACCESS_DENIED' || code === 'INVALID_REF');
}

/** The code of a rule, adapted to an operation that is not about a secret. */
function codeFor(operation: VaultOperation, code: ProviderErrorCode): ProviderErrorCode {
  const isOfSecret = code === 'NOT_FOUND' || code === 'INVALID_REF';
  // Wrong credentials are rejected with 400, and a login without a mounted method with 403 or 404.
  if (operation === 'login' || operation === 'renew') {
    return isOfSecret || code === 'ACCESS_DENIED' ? 'UNAUTHENTICATED' : code;
  }
  return operation === 'lookup' && isOfSecret ? 'UNAVAILABLE' : code;
}

function fits(
  { status, isForeign, isEmpty, isSilent, starts, ends }: Rule,
  answer: VaultResponse,
  said: readonly string[],
): boolean {
  if (typeof status === 'number' && answer.status !== status) return false;
  if (typeof status === 'string' && !`${answer.status}`.startsWith(status.charAt(0))) return false;
  if (isForeign === true && isOfVault(answer)) return false;
  if (isEmpty === true && answer.bodyLength > 0) return false;
  if (isSilent === true && said.length > 0) return false;
  if (starts === undefined && ends === undefined) return true;
  return said.some(
    (error) =>
      starts?.some((words) => error.startsWith(words)) === true ||
      ends?.some((words) => error === words || error.endsWith(`: ${words}`)) === true,
  );
}

/**
 * Whether the response has Vault's format: a list of errors, or the frame of a success. A proxy's response has
 * neither.
 */
function isOfVault({ body }: VaultResponse): boolean {
  return Array.isArray(field(body, 'errors')) || (isResponseObject(body) && 'request_id' in body && 'data' in body);
}

/** Whether one of the response's errors or warnings starts with this text. */
export function says(answer: VaultResponse, words: string): boolean {
  return [...linesOf(answer, 'errors'), ...linesOf(answer, 'warnings')].some((line) => line.startsWith(words));
}

/**
 * The errors or warnings of the response, one by one. Vault joins several as lines of a list. Quoted parts are
 * removed: they are names chosen by others, not the server's text.
 */
function linesOf({ body }: VaultResponse, kind: 'errors' | 'warnings'): readonly string[] {
  const texts = field(body, kind);
  if (!Array.isArray(texts)) return [];
  return texts
    .slice(0, MAX_LINES)
    .flatMap((text) => (typeof text === 'string' ? text.slice(0, MAX_LENGTH).split('\n') : []))
    .map((line) =>
      line
        .replace(/^\s*\* /, '')
        .replace(/"(?:[^"\\]|\\.)*"/g, '""')
        .trim(),
    )
    .filter((line) => line !== '');
}
