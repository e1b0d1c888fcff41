import { displayText, quoted } from '@vault-swarm/kernel';
import { builtInProviders } from '@vault-swarm/plugin/providers';
import { decryptionLabels, LabelReader, type NamedScheme, ProviderError } from '@vault-swarm/provider';
import { distance } from '../terminal/distance.ts';
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
  const findings = secrets.flatMap((secret) => [
    ...unreadable(reader, secret, services),
    ...passedOver(secret, [...COMMON, ...PREFIXED, ...schemes.flatMap(({ scheme }) => scheme.names)]),
  ]);
  return checked('labels', `of ${count(secrets.length, 'secret')}, for ${names}`, findings);
}

const FIX = "Create the secret again with the correct labels. Docker's command line cannot change them.";

function unreadable(
  reader: LabelReader,
  { ID: id, Spec: spec }: EngineSecret,
  services: readonly EngineService[],
): Finding[] {
  const user = services.find(({ Spec: service }) =>
    service?.TaskTemplate?.ContainerSpec?.Secrets?.some(({ SecretID }) => SecretID === id),
  );
  const name = spec?.Name ?? id;
  try {
    // Whether it has a service yet is no question of its labels.
    reader.read(spec?.Labels ?? {}, name, user?.Spec?.Name ?? 'SERVICE');
    return [];
  } catch (error) {
    if (error instanceof ProviderError) return [wrong(`${displayText(name)}: ${error.message}`, FIX)];
    throw error;
  }
}

/** Labels without a provider's prefix are anybody's, so the plugin says nothing of them. */
function passedOver({ ID: id, Spec: spec }: EngineSecret, known: readonly string[]): Finding[] {
  return similarLabels(Object.keys(spec?.Labels ?? {}), known).map((message) =>
    wrong(`${displayText(spec?.Name ?? id)}: ${message}`, FIX),
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
