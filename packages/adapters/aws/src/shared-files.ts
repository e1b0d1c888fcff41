import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseKnownFiles } from '@smithy/core/config';
import type { AwsConfig } from './config.ts';

/** The profile that is used if none is named. */
const DEFAULT_PROFILE = 'default';

/**
 * The profile and files of this instance. All are named explicitly, because the SDK takes missing ones from the
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

/**
 * Rejects if a file that the SDK would read is not a regular file: it would wait forever for the writer of a named
 * pipe.
 */
export async function refuseOtherThanFiles(config: AwsConfig): Promise<void> {
  const { filepath, configFilepath } = sharedFilesOf(config);
  for (const path of [filepath, configFilepath, config.webIdentity?.tokenFile]) {
    const stats = path === undefined ? null : await stat(path).catch(() => null);
    if (stats === null || stats.isFile() || path === '/dev/null') continue;
    throw Object.assign(new Error('a file with keys is not a regular file'), {
      name: 'CredentialsProviderError',
    });
  }
}

/** The region of the profile. Rejects, as the SDK does, if it has none. */
export async function regionOfProfile(config: AwsConfig): Promise<string> {
  await refuseOtherThanFiles(config);
  const files = sharedFilesOf(config);
  const region = (await parseKnownFiles(files))[files.profile]?.region;
  if (region === undefined) throw new Error('Region is missing');
  return region;
}
