import { displayText, quoted } from '@vault-swarm/kernel';
import {
  type DeliveredDirectory,
  Environment,
  type LabelScheme,
  type ParseContext,
  type ProviderInstance,
  type ProviderModule,
  type ProviderTools,
  type ReadFile,
  type RequestPrice,
} from '@vault-swarm/provider';
import type { ConfigFile, ProviderEntry } from './config-file-entries.ts';

const VARIABLE = /^[A-Z][A-Z0-9_]*$/;

/** A configured provider. Its library is loaded only when it is created. */
export interface ConfiguredProvider {
  readonly kind: string;
  /** The name of this instance in labels. */
  readonly name: string;
  /** The result of its module's parser. */
  readonly config: unknown;
  readonly labels: LabelScheme;
  readonly usesTls: boolean;
  readonly price: RequestPrice | null;
  /** Loads the library and creates the instance. */
  load(tools: Omit<ProviderTools, 'name'>): Promise<ProviderInstance>;
}

/** A provider, with checks for after all settings are parsed. */
export interface ParsedProvider {
  readonly provider: ConfiguredProvider;
  readonly deliveredDirectories: readonly DeliveredDirectory[];
  /** Adds a problem with one of its settings. */
  report(variable: string, message: string): void;
}

/** What the parts of this parser share. */
interface Parsing {
  readonly environment: Environment;
  readonly readFile: ReadFile;
  /** The kinds of provider; the first is the default. */
  readonly modules: readonly ProviderModule[];
}

/**
 * Parses the configured providers: those of `SECRETS_PROVIDER`, each named like its kind, then those of the file. If
 * only the file is set, there are no others.
 */
export function parseProviders(
  parsing: Parsing,
  { entries, hasProviders, problems }: ConfigFile,
): readonly ParsedProvider[] {
  const { environment, readFile } = parsing;
  environment.ownPath('CONFIG_FILE', 'file');
  for (const { where, message } of problems) reportFile(environment, where, message);
  const isOnlyFile = hasProviders && !environment.has('SECRETS_PROVIDER');
  const modules = isOnlyFile ? [] : parseKinds(parsing);
  const named = modules.map((module) =>
    parseProvider(module, module.kind, environment, { readFile, surroundings: null }),
  );
  const ofFile = entries.flatMap((entry) => parseEntry(parsing, entry) ?? []);
  for (const { provider } of ofFile) {
    if (!named.some(({ provider: { name } }) => name === provider.name)) continue;
    reportFile(
      environment,
      `providers.${provider.name}`,
      'has the name of one of SECRETS_PROVIDER; choose another name',
    );
  }
  return [...named, ...ofFile];
}

function parseKinds({ environment, modules }: Parsing): readonly ProviderModule[] {
  const byVariables = modules.filter(({ nestedSettings }) => nestedSettings === undefined);
  const given = environment.text('SECRETS_PROVIDER', byVariables[0]?.kind ?? '');
  const chosen: ProviderModule[] = [];
  for (const name of given.split(',').map((part) => part.trim())) {
    const module = moduleCalled(modules, name);
    if (module === undefined) {
      environment.report(
        'SECRETS_PROVIDER',
        `${quoted(name)} must be one of ${kindsOf(byVariables)}, or several separated by commas`,
      );
    } else if (module.nestedSettings !== undefined) {
      environment.report(
        'SECRETS_PROVIDER',
        `names ${module.kind}, which is configured in CONFIG_FILE; remove it here, and add it there`,
      );
    } else if (chosen.includes(module)) {
      environment.report('SECRETS_PROVIDER', `${quoted(given)} names ${module.kind} twice`);
    } else {
      chosen.push(module);
    }
  }
  return chosen;
}

/**
 * An entry uses only its own settings. The plugin's environment is ignored, so that no credential is sent to another
 * server.
 */
function parseEntry({ environment, readFile, modules }: Parsing, entry: ProviderEntry): ParsedProvider | null {
  const where = `providers.${displayText(entry.name)}`;
  const module = moduleCalled(modules, entry.kind);
  if (module === undefined) {
    reportFile(environment, `${where}.kind`, `${quoted(entry.kind)} must be one of ${kindsOf(modules)}`);
    return null;
  }
  const unusable = module.nestedSettings === undefined ? notVariables(entry) : [];
  for (const name of unusable) {
    const message =
      'must be a setting with the name of an environment variable, such as VAULT_ADDR: https://vault.example:8200';
    reportFile(environment, `${where}.settings.${displayText(name)}`, message);
  }
  if (unusable.length > 0) return null;
  const settings = new Environment(entry.settings, readFile, { credentialsOnlyInFiles: true });
  const parsed = parseProvider(module, entry.name, settings, { readFile, surroundings: environment });
  const report = (variable: string, message: string) =>
    reportFile(environment, `${where}.settings`, `${variable}: ${message}`);
  for (const { variable, message } of settings.problems) {
    report(variable, message);
  }
  for (const { variable, credential } of settings.credentials) {
    environment.addCredential({ variable: `${where}.settings.${variable}`, credential });
  }
  for (const own of settings.ownFiles)
    environment.addOwnFile({ ...own, variable: `${where}.settings.${own.variable}` });
  for (const { code, variable, message } of settings.warnings) {
    environment.warn(code, 'CONFIG_FILE', `${where}.settings: ${variable}: ${message}`);
  }
  for (const name of settings.unread)
    report(displayText(name), `is not a setting of the kind ${module.kind}; remove it`);
  const isOtherKind = entry.name !== module.kind && moduleCalled(modules, entry.name) !== undefined;
  if (isOtherKind)
    reportFile(environment, where, `is of the kind ${module.kind}, and must not be named ${displayText(entry.name)}`);
  return { ...parsed, report };
}

/** The names of settings that can't be environment variables, without what is nested below them. */
function notVariables({ settings }: ProviderEntry): readonly string[] {
  const names = Object.keys(settings).filter((name) => !VARIABLE.test(name));
  return [...new Set(names.map((name) => name.split('.', 1)[0] ?? ''))];
}

function parseProvider<Config>(
  module: ProviderModule<Config>,
  name: string,
  settings: Environment,
  context: ParseContext,
): ParsedProvider {
  const config = module.parseConfig(settings, context);
  return {
    provider: {
      kind: module.kind,
      name,
      config,
      labels: module.labels(config),
      usesTls: module.usesTls(config),
      price: module.price,
      load: (tools) => module.load(config, { ...tools, name }),
    },
    deliveredDirectories: settings.deliveredDirectories,
    report: (variable, message) => settings.report(variable, message),
  };
}

function moduleCalled(modules: readonly ProviderModule[], kind: string): ProviderModule | undefined {
  return modules.find((module) => module.kind === kind);
}

function kindsOf(modules: readonly ProviderModule[]): string {
  return modules.map(({ kind }) => kind).join(', ');
}

function reportFile(environment: Environment, where: string, message: string): void {
  environment.report('CONFIG_FILE', where === '' ? message : `${where}: ${message}`);
}

/** The names of the configured instances, in their order. */
export function namesOf(providers: readonly Pick<ConfiguredProvider, 'name'>[]): readonly string[] {
  return providers.map(({ name }) => name);
}
