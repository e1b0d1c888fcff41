import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseKnownFiles } from '@smithy/core/config';
import type { AwsConfig } from './config.ts';

/** The profile that counts where none is named. */
const DEFAULT_PROFILE = 'default';

/**
 * Which profile in which files counts for this instance: named in full, since the SDK would take what is not named from the
 * environment, which may be meant for another instance.
 */
export function sharedFilesOf({ profile, credentialsFile, configFile }: AwsConfig) {
  const directory = join(homedir(), '.aws');
  return {
    profile: profile ?? DEFAULT_PROFILE,
    filepath: credentialsFile ?? join(directory, 'credentials'),
    configFilepath: configFile ?? join(directory, 'config'),
    // Files are read again each time.
    ignoreCache: true,
  };
}

/** Rejects where a file that the SDK would read is none by now: it would wait for the writer of a named pipe, for ever. */
export async function refuseOtherThanFiles(config: AwsConfig): Promise<void> {
  const { filepath, configFilepath } = sharedFilesOf(config);
  for (const path of [filepath, configFilepath, config.webIdentity?.tokenFile]) {
    const stats = path === undefined ? null : await stat(path).catch(() => null);
    if (stats === null || stats.isFile() || path === '/dev/null') continue;
    throw Object.assign(new Error('a file with our keys is no regular file'), { name: 'CredentialsProviderError' });
  }
}

/** The region of the profile. Rejects, as the SDK does, where it has none. */
export async function regionOfProfile(config: AwsConfig): Promise<string> {
  await refuseOtherThanFiles(config);
  const files = sharedFilesOf(config);
  const region = (await parseKnownFiles(files))[files.profile]?.region;
  if (region === undefined) throw new Error('Region is missing');
  return region;
}
