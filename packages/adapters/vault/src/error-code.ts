import type { ProviderErrorCode } from '@vault-swarm/provider';
import { field, isResponseObject, type VaultOperation, type VaultResponse } from './http-types.ts';

/** What an answer without what was asked for means. */
export interface Classification {
  readonly code: ProviderErrorCode;
  /** False: the server says no in a way that does not prove the code, so a value that was read before may still be good. */
  readonly isProven: boolean;
  /** True: the server refused before it did anything, so nothing is used up by it. */
  readonly isUntouched: boolean;
  /** True: somebody has to change something first, so asking again within moments is in vain. */
  readonly isLasting: boolean;
  /** What is wrong, and what to change. */
  readonly advice: string;
}

interface Rule {
  /** Undefined: whatever the status is, since servers of other versions send the same words with other ones. */
  readonly status?: number | '3xx' | '4xx' | '5xx';
  /** True: only an answer that has no form of Vault's. */
  readonly isForeign?: true;
  /** True: only an answer without a body, to a question that has a path of labels in it. */
  readonly isEmpty?: true;
  /** True: only an answer that lists no error. */
  readonly isSilent?: true;
  /** The server's own words: one of its errors ends with one of these. */
  readonly ends?: readonly string[];
  /** The same, for errors that go on after these words. */
  readonly starts?: readonly string[];
  readonly code: ProviderErrorCode;
  readonly isProven?: boolean;
  readonly isUntouched?: true;
  readonly isLasting?: true;
  readonly advice: string;
}

/**
 * What the answers of Vault and OpenBao mean: the first rule that fits. The words are those of their sources, and the status
 * alone decides little: any trouble while a token is looked up is a 400, as is a request to the standby of a disaster.
 *
 * @see https://github.com/hashicorp/vault/blob/v1.21.4/sdk/logical/response_util.go
 * @see https://github.com/hashicorp/vault/blob/v1.21.4/http/handler.go
 * @see https://github.com/openbao/openbao/blob/main/sdk/logical/response_util.go
 */
const RULES: readonly Rule[] = [
  {
    status: 429,
    code: 'RATE_LIMITED',
    advice: 'a quota is used up; raise it, or ask less often',
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
    // Of a namespace below a sealed one, too.
    ends: ['namespace not found'],
    code: 'UNAVAILABLE',
    isUntouched: true,
    isLasting: true,
    advice: 'the server has no such namespace; correct the setting that names it, or unseal the namespace above',
  },
  {
    ends: [
      'cannot write to readonly storage',
      'operation could not be completed as storage is read-only',
      'please forward to the active node',
      'Vault is in standby mode',
    ],
    code: 'UNAVAILABLE',
    advice: 'this server is a standby that could not hand the request to the active one; check its log if that lasts',
  },
  {
    ends: [
      'local node not active but active cluster node not found',
      'no active Vault instance found',
      'node is not active',
    ],
    code: 'UNAVAILABLE',
    isUntouched: true,
    advice: 'the cluster has no active server; check its members if that lasts',
  },
  {
    ends: ['path disabled in replication DR secondary mode'],
    code: 'UNAVAILABLE',
    isUntouched: true,
    advice: 'the server is a secondary for disaster recovery, which answers nobody; use the address of the primary',
  },
  {
    status: 472,
    code: 'UNAVAILABLE',
    isUntouched: true,
    advice: 'the server is a secondary for disaster recovery, which answers nobody; use the address of the primary',
  },
  {
    status: 473,
    code: 'UNAVAILABLE',
    isUntouched: true,
    advice: 'this server is a standby; check what is between it and us if that lasts',
  },
  {
    status: 412,
    code: 'UNAVAILABLE',
    isUntouched: true,
    advice: 'this server has not yet received what the active one has; check its replication if that lasts',
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
    // Not about what was asked for: the server could not check our token, or was stopped.
    starts: ['error performing token check'],
    ends: ['cannot write to storage during setup', 'context canceled', 'context deadline exceeded', 'internal error'],
    code: 'UNAVAILABLE',
    advice: "the server could not work on it; see the server's log",
  },
  {
    starts: [
      'missing x-forwarded-for header',
      'client address not authorized for x-forwarded-for',
      'malformed x-forwarded-for',
    ],
    code: 'UNAVAILABLE',
    isLasting: true,
    advice: 'the server takes requests only from its proxy; use the address of that one',
  },
  {
    // So the server refuses a character in a path that it can't print. Were it an outage, a label could make one for all.
    status: 400,
    isEmpty: true,
    code: 'INVALID_REF',
    isProven: false,
    advice: 'the server refuses this path without a word; look for hidden characters in path and mount',
  },
  {
    status: '4xx',
    isForeign: true,
    code: 'UNAVAILABLE',
    advice: 'the answer is not that of a Vault; check the address, and at what is between the server and us',
  },
  {
    status: '5xx',
    isForeign: true,
    code: 'UNAVAILABLE',
    advice: 'what answers is not a Vault but something before it, such as a load balancer; see whether the server runs',
  },
  {
    status: '3xx',
    code: 'UNAVAILABLE',
    isLasting: true,
    advice: 'the server redirects us, and this is not followed; use the address of the server that is meant',
  },
  {
    status: 403,
    ends: ['invalid token', 'bad token'],
    code: 'UNAUTHENTICATED',
    advice: 'our token is refused',
  },
  {
    status: 403,
    starts: ['preflight capability check returned 403'],
    ends: ['permission denied'],
    code: 'ACCESS_DENIED',
    advice: 'our policy does not allow it',
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
    advice: "the server refuses it; see the server's log",
  },
  {
    status: 404,
    code: 'NOT_FOUND',
    advice: 'there is nothing',
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
    advice: 'the server refuses this path; correct path, mount or version',
  },
  {
    status: '4xx',
    code: 'INVALID_REF',
    isProven: false,
    advice: "the server refuses this path; correct path or mount, or see the server's log",
  },
];

const UNEXPECTED: Rule = {
  code: 'UNAVAILABLE',
  advice: "unexpected answer; see the server's log",
};

/** Questions whose path is that of settings. */
const OF_OURS: ReadonlySet<VaultOperation> = new Set(['login', 'renew', 'lookup']);

/** More of an answer's errors, or longer ones, are not checked: Vault's own are short. */
const MAX_LINES = 20;
const MAX_LENGTH = 2_000;

/** What an answer means for what was asked: `ok`, or why there is nothing. */
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

/** Whether the server is there, and says no: asked again, it would say the same. */
export function isFinal({ code, isProven }: Classification): boolean {
  return isProven && (code === 'NOT_FOUND' || code === 'ACCESS_DENIED' || code === 'INVALID_REF');
}

/** The code of a rule, as far as it says nothing about a secret where none was asked for. */
function codeFor(operation: VaultOperation, code: ProviderErrorCode): ProviderErrorCode {
  const isOfSecret = code === 'NOT_FOUND' || code === 'INVALID_REF';
  // Wrong credentials are refused with 400, and a login where no method is mounted with 403 or 404.
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

/** Whether the answer has a form of Vault's: a list of errors, or the frame of a success. A proxy's own has neither. */
function isOfVault({ body }: VaultResponse): boolean {
  return Array.isArray(field(body, 'errors')) || (isResponseObject(body) && 'request_id' in body && 'data' in body);
}

/** Whether one of the answer's errors or warnings starts with these words of the server. */
export function says(answer: VaultResponse, words: string): boolean {
  return [...linesOf(answer, 'errors'), ...linesOf(answer, 'warnings')].some((line) => line.startsWith(words));
}

/**
 * The errors or warnings that the answer lists, one by one. Vault joins several as lines of a list. What is quoted in them is left
 * out: these are names of others, and no words of the server.
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
