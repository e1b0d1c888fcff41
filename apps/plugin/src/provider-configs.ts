import { type AwsConfig, awsLabelScheme, parseAwsConfig } from '@vault-swarm/aws/config';
import { type FileConfig, fileLabelScheme, parseFileConfig } from '@vault-swarm/file/config';
import { displayText, Environment, type NamedScheme, quoted, type ReadFile } from '@vault-swarm/provider';
import { parseVaultConfig, type VaultConfig, vaultLabelScheme } from '@vault-swarm/vault/config';
import type { ConfigFile, ProviderEntry } from './config-file.ts';

/** A configured provider. Its library is loaded only when it is made. */
export type ProviderConfig =
  | { readonly kind: 'vault' | 'openbao'; readonly name: string; readonly vault: VaultConfig }
  | { readonly kind: 'aws'; readonly name: string; readonly aws: AwsConfig }
  | { readonly kind: 'file'; readonly name: string; readonly file: FileConfig };

/** A provider, and how labels name it. */
export interface ParsedProvider {
  readonly config: ProviderConfig;
  readonly scheme: NamedScheme;
  /** Adds a problem with one of its settings. */
  report(variable: string, message: string): void;
}

const PROVIDER_KINDS = ['vault', 'openbao', 'aws', 'file'] as const;
type ProviderKind = (typeof PROVIDER_KINDS)[number];

/**
 * The configured providers: those of `SECRETS_PROVIDER`, each called like its kind, then those of the file. Where only the
 * file is given, there are no others.
 */
export function parseProviders(
  environment: Environment,
  readFile: ReadFile,
  { entries, problems }: ConfigFile,
): readonly ParsedProvider[] {
  environment.ownPath('CONFIG_FILE', 'file');
  for (const { where, message } of problems) reportFile(environment, where, message);
  const isOnlyFile = environment.has('CONFIG_FILE') && !environment.has('SECRETS_PROVIDER');
  const kinds = isOnlyFile ? [] : parseKinds(environment);
  const named = kinds.map((kind) => parseProvider(environment, readFile, { kind, name: kind }));
  const ofFile = entries.flatMap((entry) => parseEntry(environment, readFile, entry) ?? []);
  for (const { config } of ofFile) {
    if (!named.some(({ config: { name } }) => name === config.name)) continue;
    reportFile(environment, `providers.${config.name}`, 'has the name of one of SECRETS_PROVIDER; give it another');
  }
  return [...named, ...ofFile];
}

function parseKinds(environment: Environment): readonly ProviderKind[] {
  const given = environment.text('SECRETS_PROVIDER', 'vault');
  const kinds: ProviderKind[] = [];
  for (const name of given.split(',').map((part) => part.trim())) {
    const kind = kindCalled(name);
    if (kind === undefined) {
      environment.report(
        'SECRETS_PROVIDER',
        `${quoted(name)} must be one of ${PROVIDER_KINDS.join(', ')}, or several with commas`,
      );
    } else if (kinds.includes(kind)) {
      environment.report('SECRETS_PROVIDER', `${quoted(given)} names ${kind} twice`);
    } else {
      kinds.push(kind);
    }
  }
  return kinds;
}

/** An entry has settings of its own: none of the plugin's environment counts for it, so that no credential gets to another. */
function parseEntry(environment: Environment, readFile: ReadFile, entry: ProviderEntry): ParsedProvider | null {
  const where = `providers.${displayText(entry.name)}`;
  const kind = kindCalled(entry.kind);
  if (kind === undefined) {
    reportFile(environment, `${where}.kind`, `${quoted(entry.kind)} must be one of ${PROVIDER_KINDS.join(', ')}`);
    return null;
  }
  const settings = new Environment(entry.settings, readFile, { credentialsOnlyInFiles: true });
  const parsed = parseProvider(settings, readFile, { kind, name: entry.name });
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
  for (const name of settings.unread) report(displayText(name), `is no setting of the kind ${kind}; remove it`);
  if (kind === 'aws') refuseSharedEndpoint(environment, where, entry.settings);
  const isOtherKind = kindCalled(entry.name) !== undefined && entry.name !== kind;
  if (isOtherKind)
    reportFile(environment, where, `is of the kind ${kind}, and may not be called ${displayText(entry.name)}`);
  return { ...parsed, report };
}

/** AWS's SDK reads these variables by itself: an account that has none of its own would be asked at another's address. */
function refuseSharedEndpoint(environment: Environment, where: string, settings: ProviderEntry['settings']): void {
  for (const name of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_SECRETS_MANAGER', 'AWS_ENDPOINT_URL_STS']) {
    if (!environment.has(name) || settings.AWS_ENDPOINT_URL !== undefined || settings[name] !== undefined) continue;
    const message = `${name} of the environment would count for it too; give it one of its own, or remove that one`;
    reportFile(environment, `${where}.settings`, message);
  }
}

function parseProvider(
  settings: Environment,
  readFile: ReadFile,
  { kind, name }: { readonly kind: ProviderKind; readonly name: string },
): ParsedProvider {
  const report = (variable: string, message: string) => settings.report(variable, message);
  switch (kind) {
    case 'aws':
      return {
        config: { kind, name, aws: parseAwsConfig(settings) },
        scheme: { name, scheme: awsLabelScheme },
        report,
      };
    case 'file':
      return {
        config: { kind, name, file: parseFileConfig(settings) },
        scheme: { name, scheme: fileLabelScheme },
        report,
      };
    case 'vault':
    case 'openbao': {
      const vault = parseVaultConfig(settings, readFile, kind === 'vault' ? 'VAULT' : 'OPENBAO');
      return {
        config: { kind, name, vault },
        scheme: { name, scheme: vaultLabelScheme({ mount: vault.mount, kind }) },
        report,
      };
    }
  }
}

/** Whether the provider, or a login at it, is a matter of TLS. */
export function usesTls(config: ProviderConfig): boolean {
  switch (config.kind) {
    case 'aws':
      return true;
    case 'file':
      return false;
    case 'vault':
    case 'openbao': {
      const { address, proxy = '', auth } = config.vault;
      return auth.method === 'aws' || [address, proxy].some((url) => url.startsWith('https:'));
    }
  }
}

function kindCalled(name: string): ProviderKind | undefined {
  return PROVIDER_KINDS.find((kind) => kind === name);
}

function reportFile(environment: Environment, where: string, message: string): void {
  environment.report('CONFIG_FILE', where === '' ? message : `${where}: ${message}`);
}
