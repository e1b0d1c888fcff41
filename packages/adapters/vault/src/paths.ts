import { quoted } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';

/** Vault's own mounts: tokens, its settings, identities, and a private engine for each token. */
const RESERVED = new Set(['auth', 'sys', 'identity', 'cubbyhole']);
/**
 * Characters that Go does not count as printable: hidden ones, and every space but U+0020. Vault rejects a path with
 * one with status 400 and no reason.
 * @see https://pkg.go.dev/unicode#IsPrint
 */
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;
/** How many levels of nested percent-encoding are decoded. */
const DECODED_TIMES = 5;

/**
 * Why a text can't be a path in Vault, or `null`. `.` and `..` are rejected, also percent-encoded, because URLs
 * resolve them.
 */
export function pathProblem(text: string): string | null {
  if (UNPRINTABLE.test(text)) return 'must not have control characters or hidden characters';
  if (text === '') return 'must not be empty';
  if (text.startsWith('/') || text.endsWith('/')) return 'must not start or end with a slash';
  if (text.split('/').includes('')) return 'must not have an empty part';
  const parts = decoded(text).split(/[/\\]/);
  if (parts.some((part) => /^\.\.?$/.test(part))) return 'must not have a part that is "." or ".."';
  return null;
}

/**
 * Why a text can't be the mount of a key-value engine, or `null`: as {@link pathProblem}, or it is one of Vault's own.
 */
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

/** Normalises a path or mount: no slashes at its ends, one between two parts. */
export function withoutSpareSlashes(text: string): string {
  return text
    .split('/')
    .filter((part) => part !== '')
    .join('/');
}

/** Encodes a path for a URL, except for its slashes. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** A path of Vault's API below `/v1/`. */
export interface ApiPath {
  /** As policies name it. */
  readonly plain: string;
  /** For a URL. */
  readonly encoded: string;
}

/** The parts of KV v2's API that are used. */
export type KvPart = 'data' | 'metadata' | 'subkeys';

/** The location of a secret for either version of its mount. */
export interface KvAddress {
  readonly mount: string;
  /** Below the mount, for KV v2. */
  readonly path: string;
  /** Below the mount, for KV v1, where `data/` is an ordinary directory. */
  readonly v1Path: string;
}

/**
 * The API path of a secret: for KV v2 with the given part, for KV v1 without one. Every request about a secret
 * gets its path here.
 *
 * @throws {ProviderError} `INVALID_REF` for a mount or path that does not lead to a key-value secret.
 */
export function kvPath({ mount, path: v2Path, v1Path }: KvAddress, part?: KvPart): ApiPath {
  const path = part === undefined ? v1Path : v2Path;
  const problem = problemOf('the mount', mount, mountProblem) ?? problemOf('the path', path, pathProblem);
  if (problem !== null) throw new ProviderError('INVALID_REF', problem);
  const plain = [mount, ...(part === undefined ? [] : [part]), path].join('/');
  return { plain, encoded: encodePath(plain) };
}

/**
 * The API path at which the server reports the mount of a path.
 * @throws {ProviderError} `INVALID_REF` for a mount that can't be a key-value engine.
 */
export function mountPath(mount: string): string {
  const problem = problemOf('the mount', mount, mountProblem);
  if (problem !== null) throw new ProviderError('INVALID_REF', problem);
  return `sys/internal/ui/mounts/${encodePath(mount)}`;
}

/**
 * Whether a path would be one of the engine's API in a KV v2 mount. Reading it as KV v1 would not return a secret's
 * fields.
 */
export function isOfV2({ v1Path }: Pick<KvAddress, 'v1Path'>): boolean {
  return /^(config|data|metadata|detailed-metadata|subkeys|delete|undelete|destroy)(\/|$)/.test(v1Path);
}

function problemOf(what: string, text: string, check: (text: string) => string | null): string | null {
  const problem = check(text);
  return problem === null ? null : `${what} ${quoted(text)} ${problem}`;
}

/** Decodes the text repeatedly, as a server that decodes more than once would. */
function decoded(text: string): string {
  let latest = text;
  for (let time = 0; time < DECODED_TIMES; time++) {
    const next = latest.replace(/%[0-7][0-9a-f]/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
    if (next === latest) break;
    latest = next;
  }
  return latest;
}
