import type { DeliveryLimits } from '@vault-swarm/delivery';
import { type DockerConfig, MAX_LEASES, parseDockerConfig } from '@vault-swarm/docker/config';
import { inspectPath } from '@vault-swarm/file/config';
import { type HookConfig, type MonitoringConfig, parseHooks, parseMonitoringConfig } from '@vault-swarm/http/config';
import { quoted } from '@vault-swarm/kernel';
import { type LoggingConfig, parseLoggingConfig } from '@vault-swarm/logging/config';
import {
  type AccessPolicy,
  type ConfigurationProblem,
  type ConfigurationWarning,
  type Credential,
  Environment,
  MAX_DEBOUNCE_MS,
  type NamedCredential,
  type NamedScheme,
  type OwnFile,
  type ProviderModule,
  parseRotationWindow,
  type ReadFile,
  RotationWindow,
  type StartTimes,
  unreachableRules,
} from '@vault-swarm/provider';
import type { LeaseSettings } from '@vault-swarm/rotation';
import { accessPolicyOf } from './access-policy-of.ts';
import { type ConfigFile, NO_CONFIG_FILE } from './config-file-entries.ts';
import { type ConfiguredProvider, namesOf, parseProviders } from './configured-providers.ts';
import { withMountAdvice } from './credentials-mount.ts';
import { type DecryptionSettings, parseDecryption } from './decryption.ts';
import { type NotificationConfig, parseNotifications } from './notifications/notification-config.ts';
import { addUnusedFiles, refuseOwnFiles, warnOfReadable, warnOfWritable } from './own-files.ts';
import { builtInProviders } from './providers.ts';
import { parseSocketSettings, type SocketSettings } from './socket-settings.ts';
import { parseSystemAuthorities, type SystemAuthorities } from './system/trusted-authorities.ts';
import { warnOfUnknown } from './unknown-variables.ts';

/** The checked configuration from the environment. Times are in milliseconds. */
export interface PluginConfiguration extends SocketSettings {
  /** The first is the default of secrets whose labels name none. */
  readonly providers: readonly ConfiguredProvider[];
  /** The labels of the providers, in the same order. */
  readonly schemes: readonly NamedScheme[];
  /** All kinds of provider, configured or not. */
  readonly kinds: readonly string[];
  readonly access: {
    readonly policy: AccessPolicy;
    /** The path of the file with the policy; `null` without one. */
    readonly path: string | null;
  };
  readonly rotation: {
    readonly enabled: boolean;
    readonly intervalMs: number;
    readonly maxParallel: number;
    readonly maxParallelLimit: number;
    readonly stuckAfterMs: number;
    readonly onFailure: 'rollback' | 'pause';
    /** When rotations may start. Labels of a secret can replace it. */
    readonly startTimes: StartTimes;
    readonly leases: LeaseSettings;
    readonly ledger: {
      /** `undefined`: the ledger contains a key of its own and is not signed. */
      readonly key: Credential | undefined;
      /** The previous key, while it is being replaced. */
      readonly previousKey: Credential | undefined;
      /** Whether an unsigned ledger is accepted at the start. */
      readonly acceptUnsigned: boolean;
    };
  };
  readonly delivery: DeliveryLimits;
  readonly decryption: DecryptionSettings;
  readonly docker: DockerConfig;
  readonly systemAuthorities: SystemAuthorities;
  readonly monitoring: MonitoringConfig;
  /** Addresses of the monitoring port that receive hints. */
  readonly hooks: readonly HookConfig[];
  /** Receivers of messages about events. */
  readonly notifications: readonly NotificationConfig[];
  readonly logging: LoggingConfig;
  /** Files that no provider may deliver. */
  readonly ownFiles: readonly OwnFile[];
  /** Credentials in files, which may change while the plugin runs. */
  readonly credentials: readonly NamedCredential[];
  /** Settings that are valid, but dangerous or without effect. */
  readonly warnings: readonly ConfigurationWarning[];
}

/** The configuration, or all of its problems. */
export type ParsedConfiguration =
  | { readonly ok: true; readonly configuration: PluginConfiguration }
  | { readonly ok: false; readonly problems: readonly ConfigurationProblem[] };

/** A thousand services with twenty secrets each, and the previous revision of each. */
const CACHE_REVISIONS = 40_000;
const CACHE_BYTES = 256 * 1024 * 1024;

/**
 * Reads the plugin's configuration from the environment. It reads only the files that variables name.
 *
 * @param file the content of `CONFIG_FILE`.
 * @param modules the kinds of provider; the first is the default.
 */
export function parseConfiguration(
  variables: Readonly<Record<string, string | undefined>>,
  readGiven: ReadFile,
  file: ConfigFile = NO_CONFIG_FILE,
  modules: readonly ProviderModule[] = builtInProviders,
): ParsedConfiguration {
  const readFile = withMountAdvice(readGiven);
  const environment = new Environment(variables, readFile);
  const parsed = parseProviders({ environment, readFile, modules }, file);
  const providers = parsed.map(({ provider }) => provider);
  const configuration: PluginConfiguration = {
    ...parseSocketSettings(environment),
    providers,
    schemes: providers.map(({ name, labels }) => ({ name, scheme: labels })),
    kinds: modules.map(({ kind }) => kind),
    access: { policy: parsePolicy(environment, file, providers), path: environment.optional('CONFIG_FILE') ?? null },
    rotation: parseRotation(environment),
    delivery: parseDelivery(environment),
    decryption: parseDecryption(variables, readFile, environment),
    docker: parseDockerConfig(environment, readFile),
    systemAuthorities: parseSystemAuthorities(environment),
    monitoring: parseMonitoringConfig(environment, readFile),
    hooks: parseHooks(environment, readFile, file.hooks, namesOf(providers)),
    notifications: parseNotifications(environment, readFile, file.notifications),
    logging: parseLoggingConfig(environment),
    ownFiles: environment.ownFiles,
    credentials: environment.credentials,
    warnings: environment.warnings,
  };
  warnOfUnusedHooks(environment, configuration);
  addUnusedFiles(environment, modules);
  refuseOwnFiles(environment, parsed, inspectPath);
  warnOfReadable(environment, inspectPath);
  warnOfWritable(environment, configuration.socketPath, inspectPath);
  warnOfUnverified(environment);
  warnOfUnknown(
    environment,
    modules,
    providers.map(({ kind }) => kind),
  );
  const { problems } = environment;
  return problems.length === 0 ? { ok: true, configuration } : { ok: false, problems };
}

function parsePolicy(
  environment: Environment,
  file: ConfigFile,
  providers: readonly ConfiguredProvider[],
): AccessPolicy {
  const { policy, problems } = accessPolicyOf(file, providers);
  for (const { where, message } of problems) environment.report('CONFIG_FILE', `${where}: ${message}`);
  for (const { rule, reason } of unreachableRules(policy)) {
    environment.warn('access-rule-unreachable', 'CONFIG_FILE', `access.rules.${rule} ${reason}; correct or remove it`);
  }
  if (policy.mode === 'report') {
    const message = 'access.mode is report: nothing is denied; set it to enforce when the reports are as you expect';
    environment.warn('access-not-enforced', 'CONFIG_FILE', message);
  }
  return policy;
}

function parseDelivery(environment: Environment): DeliveryLimits {
  const staleIfErrorMs = environment.durationMs('STALE_IF_ERROR', 86_400_000, { minMs: 0 });
  // Without stale values in an outage, there are none after a rejected login either.
  const unauthenticatedMs = Math.min(staleIfErrorMs, 3_600_000);
  return {
    deadlineMs: environment.durationMs('GETSECRET_DEADLINE', 2_000, { minMs: 100, maxMs: 15_000 }),
    cacheMaxAgeMs: environment.durationMs('CACHE_MAX_AGE', 10_000, { minMs: 0 }),
    staleIfErrorMs,
    staleIfUnauthenticatedMs: environment.durationMs('STALE_IF_UNAUTHENTICATED', unauthenticatedMs, { minMs: 0 }),
    cache: { maxRevisions: CACHE_REVISIONS, maxBytes: CACHE_BYTES },
  };
}

function warnOfUnusedHooks(environment: Environment, { hooks, monitoring }: PluginConfiguration): void {
  if (hooks.length === 0 || monitoring.enabled) return;
  const message = 'hooks have no effect, because ENABLE_MONITORING is false: the monitoring port receives them';
  environment.warn('setting-ignored', 'CONFIG_FILE', message);
}

/** Node itself reads this variable: AWS's certificates are then not verified either. */
function warnOfUnverified(environment: Environment): void {
  if (environment.optional('NODE_TLS_REJECT_UNAUTHORIZED') !== '0') return;
  const message = 'is 0: the certificates of AWS are not verified; remove it';
  environment.warn('certificate-not-verified', 'NODE_TLS_REJECT_UNAUTHORIZED', message);
}

function parseRotation(environment: Environment): PluginConfiguration['rotation'] {
  const limits = { minMs: 500 };
  const named = environment.durationMs('ROTATION_INTERVAL', 10_000, limits);
  const intervalMs = environment.durationMs('VAULT_ROTATION_INTERVAL', named, limits);
  if (environment.has('ROTATION_INTERVAL') && environment.has('VAULT_ROTATION_INTERVAL')) {
    const message = 'is ignored, because VAULT_ROTATION_INTERVAL is set too; remove one of them';
    environment.warn('setting-ignored', 'ROTATION_INTERVAL', message);
  }
  const maxParallel = environment.integer('ROTATION_MAX_PARALLEL', 5, { min: 1, max: 1000 });
  const atLeast = { min: maxParallel, max: 1000 };
  return {
    enabled: environment.boolean('ENABLE_ROTATION', true),
    intervalMs,
    maxParallel,
    maxParallelLimit: environment.integer('ROTATION_MAX_PARALLEL_LIMIT', Math.max(50, maxParallel), atLeast),
    stuckAfterMs: environment.durationMs('ROTATION_STUCK_AFTER', 600_000, { minMs: 1_000 }),
    onFailure: environment.oneOf('ROTATION_ON_FAILURE', ['rollback', 'pause'], 'rollback'),
    startTimes: {
      window: parseWindow(environment),
      debounceMs: environment.durationMs('ROTATION_DEBOUNCE', 0, { minMs: 0, maxMs: MAX_DEBOUNCE_MS }),
    },
    leases: {
      revokeAfterMs: environment.durationMs('LEASE_REVOKE_AFTER', 60_000, { minMs: 0 }),
      maxSets: environment.integer('LEASE_MAX', 2_000, { min: 1, max: MAX_LEASES }),
      issuesPerHour: environment.integer('LEASE_ISSUES_PER_HOUR', 12, { min: 1, max: 1_000 }),
    },
    ledger: parseLedgerKeys(environment),
  };
}

function parseWindow(environment: Environment): RotationWindow {
  const given = environment.optional('ROTATION_WINDOW');
  if (given === undefined) return RotationWindow.always;
  const parsed = parseRotationWindow(given);
  if (parsed.ok) return parsed.window;
  environment.report('ROTATION_WINDOW', `${quoted(given)} ${parsed.problem}`);
  return RotationWindow.always;
}

function parseLedgerKeys(environment: Environment): PluginConfiguration['rotation']['ledger'] {
  const key = environment.credential('LEDGER_KEY');
  const previousKey = environment.credential('LEDGER_KEY_PREVIOUS');
  const acceptUnsigned = environment.boolean('LEDGER_ACCEPT_UNSIGNED', false);
  if (key === undefined) {
    const message =
      'is not set: the key is stored in the ledger, so that a client that can read configs can test guesses of a value and read the accounts of ' +
      'leases, and one that can write them can restore old values; set LEDGER_KEY_FILE, the same on all managers';
    environment.warn('ledger-key-in-ledger', 'LEDGER_KEY', message);
    if (previousKey !== undefined) environment.report('LEDGER_KEY_PREVIOUS', 'is set without LEDGER_KEY; set both');
    if (acceptUnsigned)
      environment.report('LEDGER_ACCEPT_UNSIGNED', 'is true without LEDGER_KEY; set it, or remove this one');
  } else if (acceptUnsigned) {
    const message =
      'is true: a client that can write configs can restore old values when a plugin starts; remove it after the leader has signed the ledger';
    environment.warn('unsigned-ledger-accepted', 'LEDGER_ACCEPT_UNSIGNED', message);
  }
  return { key, previousKey, acceptUnsigned };
}
