import { type ProviderModule, proxyVariables } from '@vault-swarm/provider';

/** One setting: an environment variable, or a pair `X` and `X_FILE`. */
interface Setting {
  readonly name: string;
  /** As an operator would write it; `null` if there is none, or if it depends on other settings. */
  readonly default: string | null;
  /** A credential can also be given as a file: `X` stands for `X` and `X_FILE`. */
  readonly isCredential: boolean;
}

/** Settings that belong together. */
export interface SettingGroup {
  readonly title: string;
  readonly settings: readonly Setting[];
}

const setting = (name: string, value: string | null = null): Setting => ({ name, default: value, isCredential: false });
const credential = (name: string): Setting => ({ name, default: null, isCredential: true });

/** The settings of the plugin itself, of Docker's client, the monitoring port and the log. */
const groupsOfPlugin = (defaultProvider: string | null): readonly SettingGroup[] => [
  {
    title: 'Plugin',
    settings: [
      setting('PLUGIN_NAME', 'vault-secrets-plugin'),
      setting('PLUGIN_SOCKET', '/run/docker/plugins/$PLUGIN_NAME.sock'),
      setting('PLUGIN_SOCKET_TAKEOVER', 'false'),
      setting('SECRETS_PROVIDER', defaultProvider),
      setting('CONFIG_FILE'),
    ],
  },
  {
    title: 'Docker',
    settings: [
      setting('DOCKER_HOST', 'unix:///var/run/docker.sock'),
      setting('DOCKER_TLS_VERIFY'),
      setting('DOCKER_CERT_PATH'),
    ],
  },
  {
    title: 'Rotation',
    settings: [
      setting('ENABLE_ROTATION', 'true'),
      setting('VAULT_ROTATION_INTERVAL', '10s'),
      setting('ROTATION_INTERVAL', '10s'),
      setting('ROTATION_MAX_PARALLEL', '5'),
      setting('ROTATION_MAX_PARALLEL_LIMIT', '50'),
      setting('ROTATION_WINDOW', 'always'),
      setting('ROTATION_DEBOUNCE', '0s'),
      setting('ROTATION_ON_FAILURE', 'rollback'),
      setting('ROTATION_STUCK_AFTER', '10m'),
      setting('LEASE_REVOKE_AFTER', '1m'),
      setting('LEASE_MAX', '2000'),
      setting('LEASE_ISSUES_PER_HOUR', '12'),
      credential('LEDGER_KEY'),
      credential('LEDGER_KEY_PREVIOUS'),
      setting('LEDGER_ACCEPT_UNSIGNED', 'false'),
    ],
  },
  {
    title: 'Delivery',
    settings: [
      setting('GETSECRET_DEADLINE', '2s'),
      setting('CACHE_MAX_AGE', '10s'),
      setting('STALE_IF_ERROR', '24h'),
      setting('STALE_IF_UNAUTHENTICATED', '1h'),
    ],
  },
  {
    title: 'Monitoring',
    settings: [
      setting('ENABLE_MONITORING', 'true'),
      setting('MONITORING_PORT', '8080'),
      setting('MONITORING_HOST', '127.0.0.1'),
      credential('MONITORING_TOKEN'),
      credential('MONITORING_VIEW_TOKEN'),
      setting('MONITORING_TLS_CERT_FILE'),
      setting('MONITORING_TLS_KEY_FILE'),
      setting('MONITORING_ALLOW_ANONYMOUS', 'false'),
      setting('MONITORING_ALLOWED_HOSTS'),
    ],
  },
  { title: 'Log', settings: [setting('LOG_LEVEL', 'info'), setting('LOG_FORMAT', 'json')] },
  {
    title: 'Proxies and trusted certificates',
    settings: [...proxyVariables, 'SSL_CERT_FILE', 'SSL_CERT_DIR'].map((name) => setting(name)),
  },
];

/** The settings of one kind of provider, without those that another group has. */
function groupOfProvider(
  module: ProviderModule,
  modules: readonly ProviderModule[],
  taken: ReadonlySet<string>,
): SettingGroup {
  const { settings, credentials, defaults } = module.variables;
  const all = [
    ...settings.map((name) => setting(name, defaults[name] ?? null)),
    ...credentials.map((name) => credential(name)),
  ];
  return {
    title: `Provider ${module.kind}`,
    settings: all.filter(({ name }) => !taken.has(name) && ownerOf(name, modules) === module),
  };
}

/** Several kinds may read one variable: `AWS_REGION` belongs to `aws`, if there is such a kind. */
function ownerOf(name: string, modules: readonly ProviderModule[]): ProviderModule | undefined {
  const readers = modules.filter(({ variables: { settings, credentials } }) =>
    [...settings, ...credentials].includes(name),
  );
  return readers.find(({ kind }) => name.startsWith(`${kind.toUpperCase()}_`)) ?? readers[0];
}

/** All settings of a plugin with these kinds of provider, each once, in the order of `--help`. */
export function settingGroups(modules: readonly ProviderModule[]): readonly SettingGroup[] {
  const first = modules.find(({ nestedSettings }) => nestedSettings === undefined);
  const groups = groupsOfPlugin(first?.kind ?? null);
  const taken = new Set(groups.flatMap(({ settings }) => settings.map(({ name }) => name)));
  return [...groups, ...modules.map((module) => groupOfProvider(module, modules, taken))];
}

/**
 * The names of all environment variables that a plugin with these kinds of provider reads, which an operator of the
 * managed plugin can set.
 */
export function environmentVariables(modules: readonly ProviderModule[]): readonly string[] {
  return settingGroups(modules).flatMap(({ settings }) =>
    settings.flatMap(({ name, isCredential }) => (isCredential ? [name, `${name}_FILE`] : [name])),
  );
}
