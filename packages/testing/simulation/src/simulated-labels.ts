import { LabelReader, type LabelScheme, type Labels, type SecretLabels } from '@vault-swarm/provider';

const scheme: LabelScheme = {
  kind: 'vault',
  names: ['vault_path', 'vault_version', 'vault_field', 'vault_lease', 'vault_settle'],
  target: (labels, defaultPath) => ({
    location: { path: labels.vault_path ?? defaultPath() },
    ...(labels.vault_version === undefined ? {} : { pin: labels.vault_version }),
    ...(labels.vault_field === undefined ? {} : { field: labels.vault_field }),
    ...(labels.vault_lease === undefined
      ? {}
      : { lease: { params: null, settleMs: Number(labels.vault_settle ?? 0) } }),
  }),
};

/** Reads the labels of the simulated provider's secrets; the same labels only once, since histories read them so often. */
class SimulatedLabelReader extends LabelReader {
  /** By the labels, the service's name and the secret's. */
  readonly #known = new WeakMap<Labels, Map<string | undefined, Map<string, SecretLabels>>>();

  override read(labels: Labels, secretName: string, serviceName: string | undefined): SecretLabels {
    const known = this.#known.get(labels)?.get(serviceName)?.get(secretName);
    if (known !== undefined) return known;
    const read = super.read(labels, secretName, serviceName);
    const ofLabels = this.#known.get(labels) ?? new Map<string | undefined, Map<string, SecretLabels>>();
    const ofService = ofLabels.get(serviceName) ?? new Map<string, SecretLabels>();
    this.#known.set(labels, ofLabels.set(serviceName, ofService.set(secretName, read)));
    return read;
  }
}

/** Of one provider, called `vault`. */
export const simulatedLabels: LabelReader = new SimulatedLabelReader([{ name: 'vault', scheme }]);
