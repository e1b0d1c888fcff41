import { createHash } from 'node:crypto';
import { type Payload, ProviderError, stringifyLosslessJson } from '@vault-swarm/provider';
import type { Hold } from '../capability.ts';
import type { StoredPayload } from '../stored-payload.ts';

/** One version of a stored value. */
export interface Version {
  readonly number: number;
  readonly payload: Payload;
  readonly createdAtMs: number;
  /** The checksum with which the store sends it. */
  readonly checksum: string;
}

/** The state that all instances of a harness share: the stored values, and disturbances. */
export class MemoryStore {
  readonly versions = new Map<string, Version[]>();
  readonly denied = new Set<string>();
  readonly withdrawn = new Set<string>();
  /** Called with the key that was written. */
  readonly listeners = new Set<(key: string) => void>();
  disturbance: 'outage' | 'login' | 'throttling' | undefined;
  isDamaged = false;
  /** Pending while the store hangs. */
  released: Promise<void> | undefined;
  release = () => {};
  #writes = 0;
  #isHolding = false;
  #held: (() => void)[] = [];
  #someHeld = Promise.withResolvers<void>();

  write(key: string, payload: Payload): void {
    const versions = this.versions.get(key) ?? [];
    const version = { number: ++this.#writes, payload, createdAtMs: Date.now(), checksum: checksumOf(payload) };
    this.versions.set(key, [...versions, version]);
    for (const listener of this.listeners) listener(key);
  }

  /** The version as the store sends it. */
  sent(version: Version): Version {
    if (!this.isDamaged) return version;
    const bytes = Buffer.from(bytesOf(version.payload));
    bytes.reverse();
    return { ...version, payload: { kind: 'bytes', bytes } };
  }

  /** Resolves when a response may pass. */
  async passed(): Promise<void> {
    if (!this.#isHolding) return;
    const passed = new Promise<void>((resolve) => this.#held.push(resolve));
    this.#someHeld.resolve();
    await passed;
  }

  readonly hold: Hold = {
    start: async () => {
      this.#isHolding = true;
      this.#someHeld = Promise.withResolvers();
    },
    held: () => this.#someHeld.promise,
    pass: async () => this.#passHeld(),
    end: async () => {
      this.#isHolding = false;
      this.#passHeld();
    },
  };

  #passHeld(): void {
    const held = this.#held;
    this.#held = [];
    this.#someHeld = Promise.withResolvers();
    for (const pass of held) pass();
  }
}

/** The payload of what a check writes. */
export function payloadOf(payload: StoredPayload): Payload {
  return 'text' in payload
    ? { kind: 'bytes', bytes: Buffer.from(payload.text) }
    : { kind: 'fields', fields: payload.fields };
}

/** The bytes of a payload, fields as JSON. */
export function bytesOf(payload: Payload): Uint8Array {
  return payload.kind === 'bytes' ? payload.bytes : Buffer.from(stringifyLosslessJson(payload.fields));
}

/** Rejects a value that arrived damaged. @throws {ProviderError} `UNAVAILABLE`. */
export function verifyChecksum({ payload, checksum }: Version): void {
  if (checksumOf(payload) !== checksum) throw new ProviderError('UNAVAILABLE', 'the value does not fit its checksum');
}

/** The digest of a payload. */
export function checksumOf(payload: Payload): string {
  return createHash('sha256').update(bytesOf(payload)).digest('base64url');
}
