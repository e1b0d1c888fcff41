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
  const folder = join(homedir(), '.aws');
  return {
    profile: profile ?? DEFAULT_PROFILE,
    filepath: credentialsFile ?? join(folder, 'credentials'),
    configFilepath: configFile ?? join(folder, 'config'),
    // Files are read again each time.
    ignoreCache: true,
  };
}

/** The region of the profile. Rejects, as the SDK does, where it has none. */
export async function regionOfProfile(config: AwsConfig): Promise<string> {
  const files = sharedFilesOf(config);
  const region = (await parseKnownFiles(files))[files.profile]?.region;
  if (region === undefined) throw new Error('Region is missing');
  return region;
}
