/** The directory of the plugin's code in its root file system. */
export const HOME = '/opt/vault-swarm';

/** The socket's file name. Docker 20.10 accepts no longer one, because the name of its directory has 64 characters. */
const SOCKET = 'plugin.sock';

/** Node's options, as in bin/vault-swarm-plugin, which explains them. */
const ENTRYPOINT = [
  '/bin/node',
  '--max-semi-space-size=2',
  '--no-memory-reducer',
  '--disable-sigusr1',
  '--no-warnings',
  `${HOME}/main.js`,
];

/**
 * Values that operators must not change: the engine expects the socket there; the others are those of
 * bin/vault-swarm-plugin, which explains them.
 */
const FIXED: Readonly<Record<string, string>> = {
  PLUGIN_SOCKET: `/run/docker/plugins/${SOCKET}`,
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '32768',
  MALLOC_TRIM_THRESHOLD_: '262144',
};

/** Values that operators may change. The engine logs each line as an error, so the level must be a word in the line. */
const DEFAULTS: Readonly<Record<string, string>> = { LOG_FORMAT: 'text' };

const MOUNTS = [
  {
    name: 'docker',
    description: "the engine's socket",
    source: '/var/run/docker.sock',
    destination: '/var/run/docker.sock',
    type: 'bind',
    options: ['rbind', 'rw'],
    settable: ['source'],
  },
  {
    name: 'credentials',
    description: 'a directory for the files that the …_FILE settings name; and, in secrets/, for the file provider',
    // The source must exist. This directory is on every machine and contains nothing that is needed.
    source: '/mnt',
    destination: '/run/vault-swarm',
    type: 'bind',
    options: ['bind', 'ro'],
    settable: ['source'],
  },
];

/**
 * The managed plugin's config.json.
 *
 * @param settings the environment variables that an operator may set.
 * @see https://docs.docker.com/engine/extend/config/
 */
export function pluginConfig(settings: readonly string[]) {
  const settable = settings.filter((name) => !(name in FIXED));
  return {
    description: 'Serves the secrets of a Swarm from Vault and other providers, and follows their rotation',
    documentation: 'docs/guides/install.md',
    interface: { types: ['docker.secretprovider/1.0'], socket: SOCKET },
    entrypoint: ENTRYPOINT,
    workdir: '/',
    network: { type: 'host' },
    mounts: MOUNTS,
    env: [
      ...Object.entries(FIXED).map(([name, value]) => ({ name, description: 'given by the plugin', value })),
      ...settable.map((name) => ({
        name,
        description: 'see docs/reference/environment.md',
        value: DEFAULTS[name] ?? '',
        settable: ['value'],
      })),
    ],
    linux: { capabilities: [] },
  };
}
