import { dirname } from 'node:path';
import { type InspectedPath, type InspectPath, ownFileProblem } from '@vault-swarm/file/config';
import { quoted } from '@vault-swarm/kernel';
import type { Environment, ProviderModule } from '@vault-swarm/provider';
import type { ParsedProvider } from './configured-providers.ts';
import { environmentVariables } from './environment-variables.ts';

/** Adds the files of settings that are not used, such as the token of a provider that is not configured. */
export function addUnusedFiles(environment: Environment, modules: readonly ProviderModule[]): void {
  const known = new Set(environment.ownFiles.map(({ variable }) => variable));
  const settings = environmentVariables(modules).filter((name) => name.endsWith('_FILE'));
  for (const variable of [...settings, ...modules.flatMap(({ variables: { libraryFiles } }) => libraryFiles)]) {
    const path = environment.optional(variable);
    if (path !== undefined && !known.has(variable)) environment.addOwnFile({ variable, path, kind: 'file' });
  }
  const certificates = environment.optional('DOCKER_CERT_PATH');
  if (certificates !== undefined && !known.has('DOCKER_CERT_PATH'))
    environment.addOwnFile({ variable: 'DOCKER_CERT_PATH', path: certificates, kind: 'directory' });
}

/** Reports each provider's directory from which labels could deliver the plugin's own files. */
export function refuseOwnFiles(
  environment: Environment,
  providers: readonly ParsedProvider[],
  inspect: InspectPath,
): void {
  for (const { deliveredDirectories, report } of providers) {
    for (const { variable, path } of deliveredDirectories) {
      const problem = ownFileProblem(path, environment.ownFiles, inspect);
      if (problem !== null) report(variable, problem);
    }
  }
}

/** Warns of each credential file that other users of this machine can read. */
export function warnOfReadable(environment: Environment, inspect: InspectPath): void {
  for (const { variable, path, kind } of environment.ownFiles) {
    if (kind !== 'credential' || !othersCanRead(inspect(path))) continue;
    const message = `${quoted(path)} can be read by every user of this machine: make its mode 0600, or 0400 for a Docker secret`;
    environment.warn('credential-file-readable', variable, message);
  }
}

/** Warns of a directory in which every user could replace our socket. */
export function warnOfWritable(environment: Environment, socketPath: string, inspect: InspectPath): void {
  const directory = dirname(socketPath);
  const mode = inspect(directory).target?.mode ?? 0;
  const isSticky = (mode & 0o1000) !== 0;
  if ((mode & 0o002) === 0 || isSticky) return;
  const message = `is in ${quoted(directory)}, where every user can replace it and receive the engine's requests: make its mode 0755`;
  environment.warn('socket-directory-writable', 'PLUGIN_SOCKET', message);
}

/** Whether users other than the owner and its group can enter each directory of the path, and read the file. */
function othersCanRead({ target, steps }: InspectedPath): boolean {
  return target !== null && (target.mode & 0o004) !== 0 && steps.slice(0, -1).every(({ mode }) => (mode & 0o001) !== 0);
}
