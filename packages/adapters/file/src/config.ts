import { quoted } from '@vault-swarm/kernel';
import { type Environment, type LabelScheme, ProviderError } from '@vault-swarm/provider';

import { relativePathProblem } from './relative-path.ts';

/** Where the files are. */
export interface FileConfig {
  /** The directory's absolute path. It need not exist yet. */
  readonly directory: string;
}

/** Reads `FILE_SECRETS_DIR`. Problems are reported to `environment`. */
export function parseFileConfig(environment: Environment): FileConfig {
  const directory = environment.text('FILE_SECRETS_DIR', '/run/vault-swarm/secrets');
  if (!directory.startsWith('/')) {
    environment.report(
      'FILE_SECRETS_DIR',
      `${quoted(directory)} must be an absolute path such as /run/vault-swarm/secrets`,
    );
  }
  environment.addDeliveredDirectory({ variable: 'FILE_SECRETS_DIR', path: directory });
  return { directory };
}

/**
 * The labels of the `file` provider: `file_path` below the directory (default `SERVICE/SECRET`), and `file_field` for
 * JSON and YAML files.
 */
export const fileLabelScheme: LabelScheme = {
  kind: 'file',
  names: ['file_path', 'file_field'],
  target(labels, defaultPath) {
    const { file_path: given, file_field: field } = labels;
    const path = given ?? defaultPath();
    const problem = relativePathProblem(path);
    if (problem !== null) {
      const subject = given === undefined ? 'without label "file_path", the default' : 'label "file_path" =';
      throw new ProviderError('INVALID_REF', `${subject} ${quoted(path)} ${problem}`);
    }
    return { location: { path }, ...(field === undefined ? {} : { field }) };
  },
};
