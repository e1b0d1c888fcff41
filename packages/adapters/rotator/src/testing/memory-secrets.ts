import {
  createInstance,
  type LabelScheme,
  type ProviderDefinition,
  ProviderError,
  type ProviderInstance,
  SecretValue,
} from '@vault-swarm/provider';

const labels: LabelScheme = {
  kind: 'memory',
  names: ['memory_name'],
  target({ memory_name: name }, defaultPath) {
    return { location: { name: name ?? defaultPath() } };
  },
};

/** A provider whose secrets are set by the test. */
export class MemorySecrets implements ProviderDefinition {
  readonly name = 'memory';
  readonly labels = labels;
  isClosed = false;
  #isDown = false;
  readonly #values = new Map<string, { readonly value: string; readonly version: number }>();
  readonly #listeners = new Set<() => void>();

  set(name: string, value: string): void {
    this.#values.set(name, { value, version: (this.#values.get(name)?.version ?? 0) + 1 });
    for (const listener of this.#listeners) listener();
  }

  /** From now on, or no longer, it does not answer. */
  goDown(isDown = true): void {
    this.#isDown = isDown;
  }

  readonly load = async (): Promise<ProviderInstance> =>
    createInstance({
      name: this.name,
      secrets: {
        read: async (ref) => {
          if (this.#isDown) throw new ProviderError('UNAVAILABLE', 'memory: it is down');
          const found = this.#values.get(ref.location.name ?? '');
          if (found === undefined) throw new ProviderError('NOT_FOUND', `memory: there is no ${ref.location.name}`);
          return { value: SecretValue.fromText(found.value), revision: String(found.version) };
        },
      },
      hints: {
        onHint: (listener) => {
          this.#listeners.add(listener);
          return () => this.#listeners.delete(listener);
        },
      },
      close: async () => {
        this.isClosed = true;
      },
    });
}
