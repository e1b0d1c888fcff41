import type { ProviderModule } from '@vault-swarm/provider';
import { type SettingGroup, settingGroups } from './environment-variables.ts';

const COMMANDS = `Usage: vault-swarm-plugin [OPTION]

Runs the plugin in the foreground until SIGTERM. It serves the secrets of Docker
Swarm from Vault and other providers. When a secret changes, it updates the
services that use it.

Options:
  --check-config  print every problem of the configuration, start nothing
  --check-live    check that the running plugin serves PLUGIN_SOCKET; for health
                  checks; needs no token
  --describe      print the kinds of provider, the variables and the schema of
                  CONFIG_FILE as JSON
  --help, -h      print this help
  --version       print the version

Exit codes:
  0  SIGTERM, or the option succeeded
  1  any other failure
  2  wrong configuration or wrong option

Settings are environment variables. Default values are on the right.
docs/reference/environment.md explains each of them. To read a variable with *
from a file, set NAME_FILE to the path of the file.
`;

/** The text of `--help` for a plugin with these kinds of provider. At most 80 columns wide. */
export function helpText(modules: readonly ProviderModule[]): string {
  const groups = settingGroups(modules).filter(({ settings }) => settings.length > 0);
  return [COMMANDS, ...groups.map(showGroup)].join('\n');
}

function showGroup({ title, settings }: SettingGroup): string {
  const names = settings.map(({ name, isCredential }) => (isCredential ? `${name}*` : name));
  const width = Math.max(...names.map((name) => name.length));
  const lines = settings.map((setting, index) =>
    `  ${names[index]?.padEnd(width)}  ${setting.default ?? ''}`.trimEnd(),
  );
  return `${title}:\n${lines.join('\n')}\n`;
}
