import { formatDuration, parseDuration, quoted } from '@vault-swarm/kernel';
import { decryptionLabels, parseDecryption } from './decryption-labels.ts';
import { defaultPathReason } from './default-path.ts';
import { LabelCache } from './label-cache.ts';
import { ProviderError } from './provider-error.ts';
import { parseRotationWindow } from './rotation-window.ts';
import type { Labels, RotateMode, SecretLabels, StartTimes } from './secret-labels.ts';
import type { Decryption, Encoding, LeaseTerms } from './secret-ref.ts';
import { isWhole } from './whole-secret.ts';

/** The part of a ref that one kind of provider reads from its own labels. */
export interface Target {
  readonly location: Readonly<Record<string, string>>;
  readonly field?: string;
  readonly pin?: string;
  /** See `SecretRef.path`. */
  readonly path?: string;
  /** Present if the location issues credentials. */
  readonly lease?: LeaseTerms;
}

/**
 * The label names of one kind of provider, and their meaning for one instance. It is part of an adapter's `./config`,
 * so it loads no library.
 */
export interface LabelScheme {
  /** The kind, which is also the labels' prefix: `vault` for `vault_path`. */
  readonly kind: string;
  /** All label names of this kind, with the prefix. `acme_*` stands for every label with the prefix `acme_`. */
  readonly names: readonly string[];
  /**
   * The target that the labels name. `defaultPath` is `SERVICE/SECRET`, for secrets whose labels contain no path.
   *
   * @throws {ProviderError} `INVALID_REF`, with the label and its value.
   */
  target(labels: Labels, defaultPath: () => string): Target;
}

/** A configured instance, with its name in labels. */
export interface NamedScheme {
  readonly name: string;
  readonly scheme: LabelScheme;
}

/**
 * Kinds whose labels are never ignored, even if no provider of the kind is configured: those of the published adapters,
 * and those of swarm-external-secrets. If such a label were ignored, the wrong value would be delivered.
 */
const RESERVED_KINDS: readonly string[] = [
  'vault',
  'openbao',
  'aws',
  'azure',
  'gcp',
  'oci',
  'infisical',
  'doppler',
  'http',
  'file',
];
/** The labels that every kind has. */
const COMMON_LABELS = ['provider', 'encoding', 'rotate', ...decryptionLabels];
/** Kinds of swarm-external-secrets that an instance of the kind `http` replaces. */
const HTTP_KINDS: readonly string[] = ['infisical', 'doppler'];
/** The labels about rotations besides `rotate`. An unknown label with their prefix is an error. */
const ROTATE_LABELS = ['rotate_window', 'rotate_debounce'];
/** A label of swarm-external-secrets without a meaning here. */
const REUSE_LABEL = 'secret_reuse';
const ROTATE_PREFIX = 'rotate_';
/** The longest debounce, in milliseconds. */
export const MAX_DEBOUNCE_MS = 86_400_000;
const ROTATE: readonly RotateMode[] = ['auto', 'manual', 'off'];
const ENCODINGS: readonly Encoding[] = ['raw', 'base64', 'json', 'dotenv', 'properties', 'pem-bundle'];
/**
 * The maximum length of a label's value: the longest path of Linux. The limit matters because state is kept under the
 * labels.
 */
const MAX_LABEL_LENGTH = 4_096;
/** The maximum number of labels in the message about labels of several kinds. One label of each kind is shown. */
const MAX_SHOWN_LABELS = 3;

/** Reads secrets' labels for the configured providers. It caches the latest result for each secret. */
export class LabelReader {
  readonly #instances: readonly NamedScheme[];
  readonly #cache = new LabelCache();
  readonly #kinds: ReadonlySet<string>;
  readonly #decryptionProblem: string | null;
  readonly #isExclusive: boolean;

  /**
   * @param instances the configured providers, at least one. The first is the default.
   * @param otherKinds known kinds that are not configured: their labels are an error too.
   * @param decryptionProblem why values can't be decrypted; `null`: they can, or it is not known.
   * @param isExclusive whether all labels are for the reader. Then every unknown label is an error. By default labels of
   * other programs are ignored.
   */
  constructor(
    instances: readonly NamedScheme[],
    otherKinds: readonly string[] = [],
    decryptionProblem: string | null = null,
    { isExclusive = false }: { readonly isExclusive?: boolean } = {},
  ) {
    this.#isExclusive = isExclusive;
    this.#instances = instances;
    this.#decryptionProblem = decryptionProblem;
    this.#kinds = new Set([...RESERVED_KINDS, ...otherKinds, ...instances.map(({ scheme }) => scheme.kind)]);
  }

  /**
   * The ref and the policy in a secret's labels. Unchanged labels return the same object, so do not change the result
   * or the labels.
   *
   * @param serviceName is part of the path `SERVICE/SECRET` of a secret without a path label.
   * @throws {ProviderError} `INVALID_REF`. The message contains the label, its value, and what is allowed.
   */
  read(labels: Labels, secretName: string, serviceName: string | undefined): SecretLabels {
    const cached = this.#cache.get(labels, secretName, serviceName);
    if (cached !== undefined) return cached;
    const read = this.#parse(labels, secretName, serviceName);
    this.#cache.set(labels, secretName, serviceName, read);
    return read;
  }

  #parse(labels: Labels, secretName: string, serviceName: string | undefined): SecretLabels {
    const rotate = oneOf(labels, 'rotate', ROTATE, 'auto');
    const encoding = oneOf(labels, 'encoding', ENCODINGS, 'raw');
    const startTimes = startTimesOf(labels);
    const decryption = this.#decryptionOf(labels);
    const kind = this.#kindOf(labels);
    const { name, scheme } = this.#instanceFor(labels, kind);
    for (const label of Object.keys(labels)) {
      const isKnown = hasLabel(scheme, label);
      if (!isKnown && (this.#prefixOf(label) !== undefined || (this.#isExclusive && !isCommon(label)))) {
        throw invalid(`label ${shown(labels, label)} is not known; ${name} has ${scheme.names.join(', ')}`);
      }
      if (isKnown && labels[label]?.trim() === '') {
        throw invalid(`label ${quoted(label)} is empty; give it a value or remove it`);
      }
      const length = isKnown ? (labels[label]?.length ?? 0) : 0;
      if (length > MAX_LABEL_LENGTH) {
        throw invalid(`label ${shown(labels, label)} must have at most ${MAX_LABEL_LENGTH} characters`);
      }
    }
    let isPerService = false;
    const target = scheme.target(labels, () => {
      isPerService = true;
      return defaultPath(secretName, serviceName);
    });
    const isRead = (label: string) => hasLabel(scheme, label) || isCommon(label) || label === REUSE_LABEL;
    const pathLabel = scheme.names.find((label) => /_(path|name)$/.test(label)) ?? 'of its path';
    if (isWhole(encoding) && target.field !== undefined) {
      throw invalid(
        `label "encoding" = "${encoding}" gives the whole secret and can't be combined with a field; remove one`,
      );
    }
    if (decryption !== undefined && (encoding !== 'raw' || target.lease !== undefined)) {
      const other = encoding !== 'raw' ? `"encoding" = "${encoding}"` : 'a lease';
      throw invalid(`label "kms_decrypt" can't be combined with ${other}; remove one`);
    }
    const ref = { provider: name, encoding, ...target, ...(decryption === undefined ? {} : { decryption }) };
    return {
      ...{ ref, rotate, isPerService },
      ...(isPerService ? { defaultPathReason: defaultPathReason(labels, pathLabel, isRead) } : {}),
      ...(startTimes === undefined ? {} : { startTimes }),
    };
  }

  #decryptionOf(labels: Labels): Decryption | undefined {
    const decryption = parseDecryption(labels);
    if (decryption === undefined || this.#decryptionProblem === null) return decryption;
    throw invalid(`label ${shown(labels, 'kms_decrypt')} can't be used: ${this.#decryptionProblem}`);
  }

  #kindOf(labels: Labels): string | undefined {
    const byKind = new Map<string, string>();
    for (const label of Object.keys(labels).sort()) {
      const kind = this.#prefixOf(label);
      if (kind !== undefined && !byKind.has(kind)) byKind.set(kind, label);
    }
    if (byKind.size > 1) {
      const given = [...byKind.values()].slice(0, MAX_SHOWN_LABELS).map((label) => shown(labels, label));
      throw invalid(`labels name more than one provider: ${given.join(', ')}; keep those of one`);
    }
    return byKind.keys().next().value;
  }

  #instanceFor(labels: Labels, kind: string | undefined): NamedScheme {
    const wanted = labels.provider;
    const found =
      wanted !== undefined
        ? this.#instances.find(({ name }) => name === wanted)
        : this.#instances.find(({ scheme }) => kind === undefined || scheme.kind === kind);
    if (found === undefined) {
      const label = Object.keys(labels).find((candidate) => this.#prefixOf(candidate) === kind) ?? '';
      const given = shown(labels, wanted !== undefined ? 'provider' : label);
      const names = this.#instances.map(({ name }) => name).join(', ');
      const isHttp = wanted === undefined && kind !== undefined && HTTP_KINDS.includes(kind);
      const advice = isHttp && !this.#isExclusive ? adviceFor(kind) : '';
      throw invalid(`label ${given} names a provider that is not configured; configured are ${names}${advice}`);
    }
    if (kind !== undefined && found.scheme.kind !== kind) {
      throw invalid(
        `label ${shown(labels, 'provider')} is of kind ${found.scheme.kind}, but other labels start with ${kind}_`,
      );
    }
    return found;
  }

  /** No kind contains an underscore. */
  #prefixOf(label: string): string | undefined {
    const end = label.indexOf('_');
    const prefix = label.slice(0, Math.max(end, 0));
    return this.#kinds.has(prefix) ? prefix : undefined;
  }
}

/** Whether the label has a meaning for every kind. */
function isCommon(label: string): boolean {
  return COMMON_LABELS.includes(label) || label.startsWith(ROTATE_PREFIX);
}

function hasLabel({ names }: LabelScheme, label: string): boolean {
  return names.some((name) => name === label || (name.endsWith('_*') && label.startsWith(name.slice(0, -1))));
}

/** A label and its value, for messages. */
function shown(labels: Labels, label: string): string {
  return `${quoted(label)} = ${quoted(labels[label] ?? '')}`;
}

/** What replaces a kind that the plugin does not have. */
function adviceFor(kind: string): string {
  return (
    `; the plugin has no kind ${kind}: configure an instance of the kind http for it in CONFIG_FILE ` +
    `(docs/guides/http.md), and use labels that start with http_ instead`
  );
}

/** When rotations may start, by the labels; `undefined` if no label says so. */
function startTimesOf(labels: Labels): Partial<StartTimes> | undefined {
  const unknown = Object.keys(labels)
    .sort()
    .find((label) => label.startsWith(ROTATE_PREFIX) && !ROTATE_LABELS.includes(label));
  if (unknown !== undefined) {
    throw invalid(`label ${shown(labels, unknown)} is not known; there are rotate, ${ROTATE_LABELS.join(', ')}`);
  }
  const { rotate_window: window, rotate_debounce: debounce } = labels;
  if (window === undefined && debounce === undefined) return undefined;
  return {
    ...(window === undefined ? {} : { window: windowOf(labels, window) }),
    ...(debounce === undefined ? {} : { debounceMs: debounceOf(labels, debounce) }),
  };
}

function windowOf(labels: Labels, given: string): StartTimes['window'] {
  const parsed = parseRotationWindow(given);
  if (!parsed.ok) throw invalid(`label ${shown(labels, 'rotate_window')} ${parsed.problem}`);
  return parsed.window;
}

function debounceOf(labels: Labels, given: string): number {
  const durationMs = parseDuration(given);
  if (durationMs !== null && durationMs <= MAX_DEBOUNCE_MS) return durationMs;
  const longest = formatDuration(MAX_DEBOUNCE_MS);
  throw invalid(`label ${shown(labels, 'rotate_debounce')} must be a duration such as 30s or 5m, at most ${longest}`);
}

function oneOf<T extends string>(labels: Labels, label: string, allowed: readonly T[], otherwise: T): T {
  const given = labels[label];
  if (given === undefined) return otherwise;
  const found = allowed.find((candidate) => candidate === given);
  if (found === undefined) throw invalid(`label ${shown(labels, label)} must be one of ${allowed.join(', ')}`);
  return found;
}

function defaultPath(secretName: string, serviceName: string | undefined): string {
  if (serviceName !== undefined && serviceName !== '') return `${serviceName}/${secretName}`;
  throw invalid('no label gives its path, and there is no default; add a path label');
}

function invalid(reason: string): ProviderError {
  return new ProviderError('INVALID_REF', reason);
}
