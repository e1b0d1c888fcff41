// The provider: a JSON file of keys, {"NAME": {"version": 1, "value": "…"}}.
import { existsSync } from 'node:fs';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import {
  type CallOptions,
  type ChangeProbe,
  type LabelScheme,
  type ProbeResult,
  ProviderError,
  type ProviderInstance,
  refKey,
  type SecretProvider,
  type SecretRef,
  type SecretRevision,
  SecretValue,
} from '@vault-swarm/provider';

type Keys = Record<string, { readonly version: number; readonly value: string }>;

export class KeyFile implements ProviderInstance, SecretProvider {
  readonly name = 'keys';
  readonly secrets = this;
  readonly hints = null;
  readonly revisions = null;
  /** A file has no replica that lags behind. */
  readonly order = null;
  readonly leases = null;
  readonly holders = null;
  /** A secret's label `key_name` says which key it is. */
  readonly labels: LabelScheme = {
    kind: 'key',
    names: ['key_name'],
    target: ({ key_name: name }, defaultName) => ({ location: { name: name ?? defaultName() } }),
  };
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** What the provider's own users do. The file is replaced at once, so that nobody reads half of it. */
  async write(name: string, value: string): Promise<void> {
    const keys: Keys = existsSync(this.#path) ? await this.#readAll() : {};
    keys[name] = { version: (keys[name]?.version ?? 0) + 1, value };
    await writeFile(`${this.#path}.new`, JSON.stringify(keys), { mode: 0o600 });
    await rename(`${this.#path}.new`, this.#path);
  }

  async read(ref: SecretRef, { signal }: CallOptions): Promise<SecretRevision> {
    const name = ref.location.name ?? '';
    const key = (await this.#readAll(signal))[name];
    if (key === undefined) throw new ProviderError('NOT_FOUND', `there is no key "${name}" in ${this.#path}`);
    return { value: SecretValue.fromText(key.value), revision: String(key.version) };
  }

  /** All keys are in one file, so what changed for one may have changed for all. */
  readonly probe: ChangeProbe = {
    probe: async (refs) => {
      const result = await this.#look();
      return new Map(refs.map((ref) => [refKey(ref), result]));
    },
  };

  async close(): Promise<void> {}

  async #look(): Promise<ProbeResult> {
    try {
      const { ino, size, mtimeNs } = await stat(this.#path, { bigint: true });
      return { kind: 'marker', marker: `${ino}-${size}-${mtimeNs}` };
    } catch (error) {
      return { kind: 'failed', error: ProviderError.from(error, `${this.#path} can't be read`) };
    }
  }

  async #readAll(signal?: AbortSignal): Promise<Keys> {
    const text = await readFile(this.#path, { encoding: 'utf8', ...(signal && { signal }) }).catch((error: unknown) => {
      throw ProviderError.from(error, `${this.#path} can't be read`);
    });
    try {
      return JSON.parse(text);
    } catch {
      // What a parser says quotes what it read.
      throw new ProviderError('INVALID_PAYLOAD', `${this.#path} is no JSON`);
    }
  }
}
