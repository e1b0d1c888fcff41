import { LabelReader, type LabelScheme, type Labels, type SecretLabels } from '@vault-swarm/provider';

const scheme: LabelScheme = {
  kind: 'vault',
  names: ['vault_path', 'vault_version'],
  target: (labels, defaultPath) => ({
    location: { path: labels.vault_path ?? defaultPath() },
    ...(labels.vault_version === undefined ? {} : { pin: labels.vault_version }),
  }),
};

/** Reads the labels of the simulated provider's secrets; the same labels only once, since histories read them so often. */
class SimulatedLabelReader extends LabelReader {
  readonly #known = new WeakMap<Labels, Map<string, SecretLabels>>();

  override read(labels: Labels, secretName: string, serviceName: string | undefined): SecretLabels {
    const ofLabels = this.#known.get(labels) ?? new Map<string, SecretLabels>();
    this.#known.set(labels, ofLabels);
    const id = `${serviceName} ${secretName}`;
    const known = ofLabels.get(id) ?? super.read(labels, secretName, serviceName);
    ofLabels.set(id, known);
    return known;
  }
}

/** Of one provider, called `vault`. */
export const simulatedLabels: LabelReader = new SimulatedLabelReader([{ name: 'vault', scheme }]);
