import { quoted } from '@vault-swarm/kernel';
import { type ReadFile, whyUnreadable } from '@vault-swarm/provider';
import { type ConfigFile, NO_CONFIG_FILE, unreadableFile } from './config-file-entries.ts';
import { withMountAdvice } from './credentials-mount.ts';

/**
 * Reads the file that `CONFIG_FILE` names. Its form is that of docs/reference/config-file.schema.json; whether the
 * settings are right is not checked here. The library that reads YAML is loaded only if there is a file.
 */
export async function readConfigFile(
  variables: Readonly<Record<string, string | undefined>>,
  readFile: ReadFile,
): Promise<ConfigFile> {
  const path = variables.CONFIG_FILE ?? '';
  if (path === '') return NO_CONFIG_FILE;
  let text: string;
  try {
    text = withMountAdvice(readFile)(path);
  } catch (error) {
    return unreadableFile(`${quoted(path)} names a file that ${whyUnreadable(error)}`);
  }
  const { parseConfigFile } = await import('./config-file-yaml.ts');
  return parseConfigFile(text);
}
