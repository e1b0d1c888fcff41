import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import type { Clock } from '@vault-swarm/kernel';
import type { CallOptions } from '@vault-swarm/provider';
import type { LedgerRecord, LedgerStore, WriteOutcome } from '@vault-swarm/rotation';
import type { DockerCall, DockerConnection } from './connection.ts';
import { DockerError, isMissing, isOutOfSequence, isRefusal } from './docker-error.ts';
import type { EngineConfig } from './engine-types.ts';
import { wholeText } from './json-stream.ts';
import { isEncrypted, LedgerCipher } from './ledger-cipher.ts';
import { type LedgerKeys, LedgerTrust } from './ledger-trust.ts';
import { withoutTag } from './plugin-name.ts';

/** The label with the ledger's text. */
const LABEL = 'vault-swarm.ledger';
/** The label with the ledger's signature. */
const SIGNATURE_LABEL = 'vault-swarm.ledger.signature';
/** A config's data can't be changed. This text explains the object to a person who finds it. */
const LEDGER_DATA =
  'The ledger of the Vault Swarm plugin: its labels say which revision of which secret each service has.\n' +
  'It has no secret values. If you remove it, the plugin assumes that every running task is up to date.\n';
/**
 * A Raft entry has at most 1.5 MiB, including all labels. Measured on Docker 20.10.24: a label of 1,572,000 bytes is
 * written in 34 ms, one of 1,600,000 is rejected (`raft message is too large and can't be sent`).
 */
const MAX_BYTES = 1_500_000;
/** A longer text is compressed; a shorter one stays readable. */
const MAX_PLAIN_BYTES = 64 * 1024;
const COMPRESSED = 'zstd:';
/**
 * The longest text, compressed or not: more than twice that of 1,000 services with 20 secrets each and a rollout each.
 * A compressed label of 65 kB can claim gigabytes.
 */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;
/**
 * A window of 16 MiB compresses a secret that is repeated in distant services. A text that needs a larger one is not
 * ours.
 */
const WINDOW_LOG = 24;
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 9, [constants.ZSTD_c_windowLog]: WINDOW_LOG } };
const DECOMPRESSION = { maxOutputLength: MAX_TEXT_BYTES, params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG } };

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** The name of a plugin's ledger. It is valid as a config name: letters, digits and `-_.`, at most 64. */
export function ledgerName(pluginName: string): string {
  return `${plainName(pluginName)}.ledger`;
}

/** The name of the config object with the accounts of leases. */
export function leaseLedgerName(pluginName: string): string {
  return `${plainName(pluginName)}.leases`;
}

function plainName(pluginName: string): string {
  const plain = withoutTag(pluginName)
    .replace(/[^a-zA-Z0-9-_.]+/g, '-')
    .replace(/^[-_.]+/, '');
  return plain.slice(0, 57);
}

/** The dependencies of a store, besides a connection. */
export interface DockerLedgerOptions {
  /** The name of the config object; see {@link ledgerName}. */
  readonly name: string;
  readonly clock: Clock;
  /** The operator's keys; `null` if there are none. */
  readonly keys: LedgerKeys | null;
  /** Whether the text is encrypted if there are keys. A text that is not encrypted is read, and then written again. */
  readonly encrypts?: boolean;
  /** The object's data, for a person who finds it. */
  readonly data?: string;
  /** What happens once the object is removed: the end of a message for operators. */
  readonly whenRemoved?: string;
}

/** Keeps the ledger in a label of one config object. Its version is the object's id and version. */
export class DockerLedgerStore implements LedgerStore {
  readonly #connection: DockerConnection;
  readonly #name: string;
  readonly #trust: LedgerTrust;
  readonly #cipher: LedgerCipher | null;
  readonly #ownData: string;
  #bytes: number | null = null;
  /**
   * The object's data when it was last read. Swarm rejects an update with other data, for example of an earlier
   * version.
   */
  #data: string;

  constructor(
    connection: DockerConnection,
    { name, clock, keys, encrypts = false, data = LEDGER_DATA, whenRemoved }: DockerLedgerOptions,
  ) {
    this.#connection = connection;
    this.#name = name;
    this.#trust = new LedgerTrust(name, clock, keys, whenRemoved);
    this.#cipher = keys !== null && encrypts ? new LedgerCipher(name, keys.key, keys.previousKey) : null;
    this.#ownData = Buffer.from(data).toString('base64');
    this.#data = this.#ownData;
  }

  /** The ledger's size in bytes when it was last read or written (`null`: there is none), and the limit. */
  get size(): { readonly bytes: number | null; readonly limitBytes: number } {
    return { bytes: this.#bytes, limitBytes: MAX_BYTES };
  }

  /**
   * Reads the ledger. An object of that name without our label counts as an empty text. With a key, the signature is
   * checked before decompression.
   */
  async read({ signal }: CallOptions): Promise<LedgerRecord | null> {
    const { newest } = this.#trust;
    try {
      const text = await this.#connection.call({ method: 'GET', path: `/configs/${this.#name}`, signal }, wholeText);
      const config = JSON.parse(text) as EngineConfig;
      const { [LABEL]: label = '', [SIGNATURE_LABEL]: signature } = config.Spec?.Labels ?? {};
      this.#bytes = Buffer.byteLength(label);
      this.#data = config.Spec?.Data ?? this.#ownData;
      const index = config.Version?.Index ?? 0;
      const version = `${config.ID}/${index}`;
      const storedAtMs = Date.parse(config.UpdatedAt ?? '');
      const verdict = this.#trust.judge({ label, signature, id: config.ID, index, storedAtMs }, newest);
      if (verdict.kind === 'untrusted') return { kind: 'untrusted', version, message: verdict.message };
      const isReplayed = verdict.kind === 'replayed';
      const opened = await this.#open(isReplayed ? verdict.label : label);
      if (opened === null) return { kind: 'untrusted', version, message: otherKey(this.#name) };
      const mustRewrite = isReplayed || !verdict.isSigned || !opened.isCurrent;
      return { kind: 'text', version, text: opened.text, mustRewrite, warning: isReplayed ? verdict.message : null };
    } catch (error) {
      if (!isMissing(error)) throw error;
      this.#bytes = null;
      return null;
    }
  }

  /** @throws {DockerError} also if the text is too long for a Raft entry (about 1.5 MB). */
  async compareAndSet(version: string | null, text: string, { signal }: CallOptions): Promise<WriteOutcome> {
    signal.throwIfAborted();
    const textLength = Buffer.byteLength(text);
    if (textLength > MAX_TEXT_BYTES) {
      throw new DockerError(`the ledger's text has ${textLength} bytes; at most ${MAX_TEXT_BYTES} can be read again`);
    }
    const label = this.#cipher === null ? await encode(text) : this.#cipher.encrypt(await compress(text, COMPRESSION));
    const length = Buffer.byteLength(label);
    if (length > MAX_BYTES) throw new DockerError(`the ledger has ${length} bytes; Swarm takes at most ${MAX_BYTES}`);
    const signed = this.#trust.sign(label);
    try {
      await this.#connection.call({ ...this.#write(version, label, signed?.signature), signal }, wholeText);
      this.#bytes = length;
      if (signed !== null) this.#trust.wrote({ sequence: signed.sequence, label, ...splitVersion(version) });
      return 'applied';
    } catch (error) {
      if (isMissing(error) || isOutOfSequence(error) || isTaken(error)) return 'conflict';
      if (isRefusal(error)) throw error;
      return this.#outcomeOf(version, text, signal);
    }
  }

  /** The text in a label; `null` if it was encrypted with another key. `isCurrent`: it would be written in this way. */
  async #open(label: string): Promise<{ readonly text: string; readonly isCurrent: boolean } | null> {
    if (!isEncrypted(label)) return { text: await decode(label), isCurrent: this.#cipher === null || label === '' };
    const decrypted = this.#cipher?.decrypt(label) ?? null;
    if (decrypted === null) return null;
    try {
      return { text: (await decompress(decrypted.bytes, DECOMPRESSION)).toString(), isCurrent: decrypted.isCurrent };
    } catch {
      return { text: '', isCurrent: false };
    }
  }

  #write(version: string | null, label: string, signature: string | undefined): Omit<DockerCall, 'signal'> {
    const labels = { [LABEL]: label, ...(signature === undefined ? {} : { [SIGNATURE_LABEL]: signature }) };
    const spec = { Name: this.#name, Labels: labels };
    const { id, index } = splitVersion(version);
    if (id === null) return { method: 'POST', path: '/configs/create', body: { ...spec, Data: this.#ownData } };
    const body = { ...spec, Data: this.#data };
    return { method: 'POST', path: `/configs/${id}/update`, query: { version: index }, body };
  }

  /** A failed write may still be applied, even later. The object that exists now may show the outcome. */
  async #outcomeOf(version: string | null, text: string, signal: AbortSignal): Promise<WriteOutcome> {
    try {
      const found = await this.read({ signal });
      if ((found?.version ?? null) === version) return 'unknown';
      return found?.kind === 'text' && found.text === text ? 'applied' : 'conflict';
    } catch {
      return 'unknown';
    }
  }
}

function otherKey(name: string): string {
  return (
    `the config object ${name} was encrypted with another LEDGER_KEY. Set the same LEDGER_KEY on all managers, and while you ` +
    'replace it, set the previous one as LEDGER_KEY_PREVIOUS'
  );
}

function splitVersion(version: string | null): { readonly id: string | null; readonly index: number } {
  const [id = null, index = '0'] = version?.split('/') ?? [];
  return { id, index: Number(index) };
}

async function encode(text: string): Promise<string> {
  if (Buffer.byteLength(text) <= MAX_PLAIN_BYTES) return text;
  return COMPRESSED + (await compress(text, COMPRESSION)).toString('base64');
}

/**
 * A label that can't be decompressed, or that expands beyond the limit, is damaged. It is returned unchanged, which is
 * not a ledger.
 */
async function decode(label: string): Promise<string> {
  if (!label.startsWith(COMPRESSED)) return label;
  try {
    return (await decompress(Buffer.from(label.slice(COMPRESSED.length), 'base64'), DECOMPRESSION)).toString();
  } catch {
    return label;
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof DockerError && error.status === 409;
}
