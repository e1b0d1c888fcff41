import { dockerAdvice } from '@vault-swarm/docker/config';
import { displayText, distance, quoted } from '@vault-swarm/kernel';
import { builtInProviders } from '@vault-swarm/plugin/providers';
import { decryptionLabels, LabelReader, type NamedScheme, ProviderError } from '@vault-swarm/provider';
import { count } from '../terminal/words.ts';
import type { EngineSecret, EngineService } from './engine.ts';
import { type Check, checked, type Finding, skipped, wrong } from './finding.ts';

const COMMON = ['provider', 'rotate', 'encoding'];
/** Of these, an unknown label with the same prefix is an error already. */
const PREFIXED = ['rotate_window', 'rotate_debounce', ...decryptionLabels];

/** A provider of the plugin, by its name for the label `provider`, and its kind. */
export interface LabelledProvider {
  readonly name: string;
  readonly kind: string;
}

/** Whether a label is one of a provider's, such as `vault_path`. */
export function isOfProvider(label: string): boolean {
  return [...SCHEMES.values()].some(({ names }) => names.includes(label));
}

/** What labels mean with default settings. Settings change the path that labels give, and not whether labels are right. */
const SCHEMES = new Map(builtInProviders.map((module) => [module.kind, module.labels()] as const));

/**
 * Whether the labels of these secrets can be read as they stand, by the plugin's own reader, and whether one that it
 * passes over was meant for it.
 *
 * @param providers the plugin's; the first is the default. `null` where they are not known.
 */
export function checkLabels(
  secrets: readonly EngineSecret[],
  services: readonly EngineService[],
  providers: readonly LabelledProvider[] | null,
): Check {
  if (providers === null) {
    return skipped('labels', 'the providers are in CONFIG_FILE, and the plugin, which knows them, was not reached');
  }
  const names = providers.map(({ name }) => name).join(', ');
  const schemes = providers.flatMap(({ name, kind }): readonly NamedScheme[] => {
    const scheme = SCHEMES.get(kind);
    return scheme === undefined ? [] : [{ name, scheme }];
  });
  if (schemes.length < providers.length) {
    return skipped(
      'labels',
      `this command line does not know the kind of all providers (${names}); vault-swarm secrets shows the problems`,
    );
  }
  const reader = new LabelReader(schemes, [...SCHEMES.keys()]);
  const known = [...COMMON, ...PREFIXED, ...schemes.flatMap(({ scheme }) => scheme.names)];
  const findings = secrets.flatMap((secret) => {
    const user = userOf(secret, services);
    return [...unreadable(reader, secret, user), ...passedOver(secret, user, known)];
  });
  return checked('labels', `of ${count(secrets.length, 'secret')}, for ${names}`, findings);
}

/** Docker's command line can't change labels, and can't remove a secret that is in use. */
function fixFor(secret: string, user: string | undefined): string {
  if (user === undefined) return 'Remove the secret, and create it again with correct labels.';
  const command = dockerAdvice.replaceSecret(displayText(secret), displayText(user));
  return `Create a secret with correct labels under another name, and replace it in the service: ${command}`;
}

/** Whether a check found the labels of this secret wrong. */
export function hasWrongLabels({ findings }: Check, secret: string): boolean {
  return findings.some(({ message }) => message.startsWith(`${displayText(secret)}: `));
}

/** The name of a service that uses the secret. */
function userOf({ ID: id }: EngineSecret, services: readonly EngineService[]): string | undefined {
  const user = services.find(({ Spec: service }) =>
    service?.TaskTemplate?.ContainerSpec?.Secrets?.some(({ SecretID }) => SecretID === id),
  );
  return user?.Spec?.Name;
}

function unreadable(reader: LabelReader, { ID: id, Spec: spec }: EngineSecret, user: string | undefined): Finding[] {
  const name = spec?.Name ?? id;
  try {
    // Whether it has a service yet is no question of its labels.
    reader.read(spec?.Labels ?? {}, name, user ?? 'SERVICE');
    return [];
  } catch (error) {
    if (error instanceof ProviderError) return [wrong(`${displayText(name)}: ${error.message}`, fixFor(name, user))];
    throw error;
  }
}

/** Labels without a provider's prefix are anybody's, so the plugin says nothing of them. */
function passedOver(
  { ID: id, Spec: spec }: EngineSecret,
  user: string | undefined,
  known: readonly string[],
): Finding[] {
  const name = spec?.Name ?? id;
  return similarLabels(Object.keys(spec?.Labels ?? {}), known).map((message) =>
    wrong(`${displayText(name)}: ${message}`, fixFor(name, user)),
  );
}

/**
 * What the labels of a secret say that the plugin passes over and that was probably meant for it.
 * @param providers the plugin's.
 */
export function unknownLabels(
  labels: Readonly<Record<string, string>>,
  providers: readonly LabelledProvider[],
): readonly string[] {
  const ofProviders = providers.flatMap(({ kind }) => SCHEMES.get(kind)?.names ?? []);
  return similarLabels(Object.keys(labels), [...COMMON, ...PREFIXED, ...ofProviders]);
}

function similarLabels(labels: readonly string[], known: readonly string[]): readonly string[] {
  return labels.flatMap((label) => {
    if (known.includes(label) || label.includes('.') || known.some((name) => label.startsWith(prefixOf(name))))
      return [];
    const meant = known.find((name) => distance(plain(label), plain(name)) <= (name.length > 8 ? 2 : 1));
    return meant === undefined ? [] : [`the label ${quoted(label)} is unknown to the plugin; did you mean "${meant}"?`];
  });
}

function prefixOf(name: string): string {
  return COMMON.includes(name) ? `${name}\0` : `${name.split('_')[0]}_`;
}

function plain(label: string): string {
  return label.toLowerCase().replaceAll('-', '_');
}
