import {
  type ProbeResult,
  ProviderError,
  type ProviderInstance,
  refKey,
  type SecretRef,
  type SecretRevision,
  SecretValue,
} from '@vault-swarm/provider';

/** A provider in memory, whose values are numbered as they are written. */
export class SimulatedProvider implements ProviderInstance {
  readonly name = 'vault';
  readonly hints = null;
  readonly revisions = null;
  readonly #values = new Map<string, { text: string; version: number }>();
  /** While set, every call rejects with it. */
  outage: ProviderError | null = null;
  reads = 0;

  write(path: string, text: string): void {
    this.#values.set(path, { text, version: (this.#values.get(path)?.version ?? 0) + 1 });
  }

  delete(path: string): void {
    this.#values.delete(path);
  }

  /** The value that a task which asks now is given. */
  textOf(path: string): string | undefined {
    return this.#values.get(path)?.text;
  }

  /** And its revision. */
  revisionOf(path: string): string {
    return `v${this.#values.get(path)?.version}`;
  }

  readonly secrets = {
    read: async (ref: SecretRef): Promise<SecretRevision> => {
      this.reads += 1;
      if (this.outage !== null) throw this.outage;
      const value = this.#values.get(ref.location.path ?? '');
      if (value === undefined) throw new ProviderError('NOT_FOUND', 'there is no such secret');
      return { value: SecretValue.fromText(value.text), revision: `v${value.version}` };
    },
  };

  readonly probe = {
    probe: async (refs: readonly SecretRef[]): Promise<ReadonlyMap<string, ProbeResult>> =>
      new Map(
        refs.map((ref): [string, ProbeResult] => {
          const { outage } = this;
          if (outage !== null) return [refKey(ref), { kind: 'failed', error: outage }];
          return [refKey(ref), { kind: 'marker', marker: String(this.#values.get(ref.location.path ?? '')?.version) }];
        }),
      ),
  };

  async close(): Promise<void> {}
}
