import { readFileSync } from 'node:fs';
import { withoutTag } from '@vault-swarm/docker/config';
import { displayText } from '@vault-swarm/kernel';
import { configurationProblems } from '@vault-swarm/plugin/configuration-problems';
import type { ReadFile } from '@vault-swarm/provider';
import type { ManagedPlugin } from './engine.ts';
import { type Finding, wrong } from './finding.ts';

/** Where the managed plugin sees the directory of its mount `credentials`. */
const INSIDE = '/run/vault-swarm';

/**
 * What is wrong with the settings of a managed plugin. The engine shows them also while it is disabled, and then only
 * they say why it does not start. Files are read on this machine, from the source of the mount.
 */
export async function checkManagedSettings(
  managed: ManagedPlugin,
  readFile: ReadFile = readText,
): Promise<readonly Finding[]> {
  const { Name: name = '', Enabled: isEnabled, Settings: settings } = managed;
  if (settings?.Env == null) return [];
  const variables = Object.fromEntries(settings.Env.map(pairOf));
  const own = variables.PLUGIN_NAME ?? '';
  const named = own === '' ? 'vault-secrets-plugin' : own;
  const differs =
    withoutTag(name) === withoutTag(named)
      ? []
      : [
          wrong(
            `the managed plugin is called ${displayText(name)}, and its PLUGIN_NAME is ${displayText(named)}: it ignores the secrets that the engine asks it for`,
            `Run docker plugin disable --force ${name}; docker plugin set ${name} PLUGIN_NAME=${withoutTag(name)}; docker plugin enable ${name}`,
          ),
        ];
  if (isEnabled === true) return differs;
  const source = settings.Mounts?.find((mount) => mount.Name === 'credentials')?.Source ?? '';
  const problems = await configurationProblems(variables, (path) => readFile(onHost(path, source)));
  return [
    ...differs,
    ...problems.map(({ variable, message }) =>
      wrong(
        `its setting ${variable}: ${message}`,
        variable === 'CONFIG_FILE'
          ? `Correct the file, or the setting: docker plugin set ${name} CONFIG_FILE=…, then docker plugin enable ${name}`
          : `Correct it: docker plugin set ${name} ${variable}=…, then docker plugin enable ${name}`,
      ),
    ),
  ];
}

function pairOf(entry: string): readonly [string, string] {
  const end = entry.indexOf('=');
  return [entry.slice(0, end), entry.slice(end + 1)];
}

function onHost(path: string, source: string): string {
  return source !== '' && path.startsWith(`${INSIDE}/`) ? `${source}${path.slice(INSIDE.length)}` : path;
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}
