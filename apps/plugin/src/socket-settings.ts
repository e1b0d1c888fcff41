import { withoutTag } from '@vault-swarm/docker/config';
import { quoted } from '@vault-swarm/kernel';
import type { Environment } from '@vault-swarm/provider';

/** The name and socket of the plugin. */
export interface SocketSettings {
  readonly pluginName: string;
  readonly socketPath: string;
  /** Whether the socket of another plugin that answers is taken over. */
  readonly socketTakeover: boolean;
}

/** Reads `PLUGIN_NAME`, `PLUGIN_SOCKET` and `PLUGIN_SOCKET_TAKEOVER`. Problems are reported. */
export function parseSocketSettings(environment: Environment): SocketSettings {
  const pluginName = parsePluginName(environment);
  return {
    pluginName,
    socketPath: parseSocketPath(environment, pluginName),
    socketTakeover: environment.boolean('PLUGIN_SOCKET_TAKEOVER', false),
  };
}

/** The driver's name without its tag, because a secret's driver may have any tag. */
function parsePluginName(environment: Environment): string {
  const given = environment.text('PLUGIN_NAME', 'vault-secrets-plugin');
  const name = withoutTag(given);
  if (
    !/^[a-zA-Z0-9][a-zA-Z0-9_.:/-]*$/.test(name) ||
    name.split('/').some((part) => part === '' || part.startsWith('.'))
  ) {
    environment.report('PLUGIN_NAME', `${quoted(given)} must be a plugin's name, such as vault-secrets-plugin`);
  }
  return name;
}

function parseSocketPath(environment: Environment, pluginName: string): string {
  const path = environment.text('PLUGIN_SOCKET', `/run/docker/plugins/${pluginName}.sock`);
  if (!path.startsWith('/')) environment.report('PLUGIN_SOCKET', `${quoted(path)} must be an absolute path`);
  environment.addOwnFile({ variable: 'PLUGIN_SOCKET', path, kind: 'file' });
  return path;
}
