import { quoted } from '@vault-swarm/kernel';
import { type LabelScheme, ProviderError } from '@vault-swarm/provider';
import { defaultName, isVersionId, nameProblem } from './secret-name.ts';

/**
 * The labels of the `azure` provider: `azure_secret_name` (by default `SERVICE-SECRET`), `azure_field` of a JSON object,
 * and `azure_version`, which pins a version.
 */
export const azureLabelScheme: LabelScheme = {
  kind: 'azure',
  names: ['azure_secret_name', 'azure_field', 'azure_version'],
  target(labels, defaultPath) {
    const { azure_secret_name: given, azure_field: field, azure_version: pin } = labels;
    const name = given ?? defaultName(defaultPath());
    const problem = nameProblem(name);
    if (problem !== null) {
      const subject =
        given === undefined ? 'without label "azure_secret_name", the default' : 'label "azure_secret_name" =';
      throw new ProviderError('INVALID_REF', `${subject} ${quoted(name)} ${problem}`);
    }
    if (pin !== undefined && !isVersionId(pin)) {
      throw new ProviderError(
        'INVALID_REF',
        `label "azure_version" = ${quoted(pin)} must be a version of 32 hexadecimal digits, as Azure shows it`,
      );
    }
    return {
      location: { name },
      ...(field === undefined ? {} : { field }),
      ...(pin === undefined ? {} : { pin }),
    };
  },
};
