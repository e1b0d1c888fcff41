import { quoted } from '@vault-swarm/kernel';
import { type LabelScheme, ProviderError } from '@vault-swarm/provider';
import { defaultId, isNumber, isSecretId, isVersion, LATEST, parseFullName } from './secret-name.ts';

/**
 * The labels of the `gcp` provider: `gcp_secret_name` (an id or a full name, by default `SERVICE-SECRET`), `gcp_field` of
 * a JSON object, and `gcp_version`: a number, which pins the version, an alias, or `latest-enabled`.
 */
export const gcpLabelScheme: LabelScheme = {
  kind: 'gcp',
  names: ['gcp_secret_name', 'gcp_field', 'gcp_version'],
  target(labels, defaultPath) {
    const { gcp_secret_name: given, gcp_field: field, gcp_version: label } = labels;
    const name = given ?? defaultId(defaultPath());
    const full = parseFullName(name);
    if (full === undefined && !isSecretId(name)) {
      const subject =
        given === undefined ? 'without label "gcp_secret_name", the default' : 'label "gcp_secret_name" =';
      const form = 'must be an id of letters, digits, - and _, or projects/PROJECT/secrets/ID';
      throw new ProviderError('INVALID_REF', `${subject} ${quoted(name)} ${form}`);
    }
    if (label !== undefined && full?.version !== undefined && label !== full.version) {
      const both = `labels "gcp_secret_name" = ${quoted(name)} and "gcp_version" = ${quoted(label)}`;
      throw new ProviderError('INVALID_REF', `${both} both choose a version; remove one`);
    }
    const version = label ?? full?.version ?? LATEST;
    if (!isVersion(version)) {
      const which =
        label === undefined ? `label "gcp_secret_name" = ${quoted(name)}` : `label "gcp_version" = ${quoted(version)}`;
      throw new ProviderError(
        'INVALID_REF',
        `${which} must have a version such as 5, latest, latest-enabled or an alias`,
      );
    }
    const secret = full?.secret ?? name;
    return {
      ...(version === LATEST || isNumber(version)
        ? { location: { name: secret } }
        : { location: { name: secret, version }, path: secret }),
      ...(field === undefined ? {} : { field }),
      ...(isNumber(version) ? { pin: version } : {}),
    };
  },
};
