import { type ProviderModule, proxyVariables } from '@vault-swarm/provider';

/** The variables of the plugin itself, of Docker's client, the monitoring port and the log. */
const SETTINGS: readonly string[] = [
  'PLUGIN_NAME',
  'PLUGIN_SOCKET',
  'PLUGIN_SOCKET_TAKEOVER',
  'CONFIG_FILE',
  'DOCKER_HOST',
  'DOCKER_TLS_VERIFY',
  'DOCKER_CERT_PATH',
  'SECRETS_PROVIDER',
  'ENABLE_ROTATION',
  'VAULT_ROTATION_INTERVAL',
  'ROTATION_INTERVAL',
  'ROTATION_MAX_PARALLEL',
  'ROTATION_MAX_PARALLEL_LIMIT',
  'ROTATION_ON_FAILURE',
  'ROTATION_STUCK_AFTER',
  'LEDGER_ACCEPT_UNSIGNED',
  'GETSECRET_DEADLINE',
  'CACHE_MAX_AGE',
  'STALE_IF_ERROR',
  'STALE_IF_UNAUTHENTICATED',
  'ENABLE_MONITORING',
  'MONITORING_PORT',
  'MONITORING_HOST',
  'MONITORING_TLS_CERT_FILE',
  'MONITORING_TLS_KEY_FILE',
  'MONITORING_ALLOW_ANONYMOUS',
  'MONITORING_ALLOWED_HOSTS',
  'LOG_LEVEL',
  'LOG_FORMAT',
  ...proxyVariables,
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

const CREDENTIALS: readonly string[] = [
  'LEDGER_KEY',
  'LEDGER_KEY_PREVIOUS',
  'MONITORING_TOKEN',
  'MONITORING_VIEW_TOKEN',
];

/** The names that stand for a credential: that of its value, and that of its file. */
const withFile = (name: string) => [name, `${name}_FILE`];

/**
 * The names of all environment variables that a plugin with these kinds of provider reads: what an operator of the managed plugin
 * can set.
 */
export function environmentVariables(modules: readonly ProviderModule[]): readonly string[] {
  const names = [
    ...SETTINGS,
    ...CREDENTIALS.flatMap(withFile),
    ...modules.flatMap(({ variables: { settings, credentials } }) => [...settings, ...credentials.flatMap(withFile)]),
  ];
  return [...new Set(names)];
}
