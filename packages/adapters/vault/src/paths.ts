import { quoted } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';

/** What Vault keeps for itself: tokens, its own settings, identities, and one private engine for each token. */
const RESERVED = new Set(['auth', 'sys', 'identity', 'cubbyhole']);
/**
 * What Go does not count as printable: hidden characters, and every space but the ordinary one. Vault answers a path that has one
 * with 400 and nothing else.
 * @see https://pkg.go.dev/unicode#IsPrint
 */
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;
/** Percent-encoding within percent-encoding is looked through this often. */
const DECODED_TIMES = 5;

/** Why text can't be a path in Vault, or `null`. `.` and `..` are refused, also percent-encoded, since URLs resolve them. */
export function pathProblem(text: string): string | null {
  if (UNPRINTABLE.test(text)) return 'must have no control characters or hidden characters';
  if (text === '') return 'must not be empty';
  if (text.startsWith('/') || text.endsWith('/')) return 'must not start or end with a slash';
  if (text.split('/').includes('')) return 'must have no empty part';
  const parts = decoded(text).split(/[/\\]/);
  if (parts.some((part) => /^\.\.?$/.test(part))) return 'must have no part that is "." or ".."';
  return null;
}

/** Why text can't be the mount of a key-value engine, or `null`: as {@link pathProblem}, or it is Vault's own. */
export function mountProblem(text: string): string | null {
  const problem = pathProblem(text);
  if (problem !== null) return problem;
  const first = decoded(text)
    .split(/[/\\]/)
    .map((part) => part.trim().toLowerCase())
    .find((part) => part !== '');
  return first !== undefined && RESERVED.has(first)
    ? `is Vault's own (${first}/): only mounts of key-value engines are read`
    : null;
}

/** A path or mount as Vault itself takes it: without slashes at its ends, and with one between two parts. */
export function withoutSpareSlashes(text: string): string {
  return text
    .split('/')
    .filter((part) => part !== '')
    .join('/');
}

/** A path for a URL: everything but its slashes is encoded. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** A path of Vault's API, below `/v1/`. */
export interface ApiPath {
  /** As policies name it. */
  readonly plain: string;
  /** For a URL. */
  readonly encoded: string;
}

/** The parts of KV v2's API that are asked. */
export type KvPart = 'data' | 'metadata' | 'subkeys';

/** Where a secret is, whichever version its mount has. */
export interface KvAddress {
  readonly mount: string;
  /** Below the mount, for KV v2. */
  readonly path: string;
  /** Below the mount, for KV v1, where `data/` is a directory like any other. */
  readonly v1Path: string;
}

/**
 * The API's path of a secret: of KV v2 with the part that is asked, of KV v1 without one. Each request for a secret or about
 * one gets its path here.
 *
 * @throws {ProviderError} `INVALID_REF` for a mount or path that leads elsewhere than to a key-value secret.
 */
export function kvPath({ mount, path: v2Path, v1Path }: KvAddress, part?: KvPart): ApiPath {
  const path = part === undefined ? v1Path : v2Path;
  const problem = problemOf('the mount', mount, mountProblem) ?? problemOf('the path', path, pathProblem);
  if (problem !== null) throw new ProviderError('INVALID_REF', problem);
  const plain = [mount, ...(part === undefined ? [] : [part]), path].join('/');
  return { plain, encoded: encodePath(plain) };
}

/**
 * The API's path at which the server says what is mounted there.
 * @throws {ProviderError} `INVALID_REF` for a mount that is none of a key-value engine.
 */
export function mountPath(mount: string): string {
  const problem = problemOf('the mount', mount, mountProblem);
  if (problem !== null) throw new ProviderError('INVALID_REF', problem);
  return `sys/internal/ui/mounts/${encodePath(mount)}`;
}

/** Whether a path is, in a mount of KV v2, of the engine's API: a read of it as KV v1 would give what is no secret's fields. */
export function isOfV2({ v1Path }: Pick<KvAddress, 'v1Path'>): boolean {
  return /^(config|data|metadata|detailed-metadata|subkeys|delete|undelete|destroy)(\/|$)/.test(v1Path);
}

function problemOf(what: string, text: string, check: (text: string) => string | null): string | null {
  const problem = check(text);
  return problem === null ? null : `${what} ${quoted(text)} ${problem}`;
}

/** The text as one who decodes more than once would read it. */
function decoded(text: string): string {
  let latest = text;
  for (let time = 0; time < DECODED_TIMES; time++) {
    const next = latest.replace(/%[0-7][0-9a-f]/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
    if (next === latest) break;
    latest = next;
  }
  return latest;
}
