import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { OWN_LABELS, parseLabelTemplate } from './label-template.ts';
import type { PeerOptions } from './peer.ts';
import { UsageError } from './usage-error.ts';

/** Where a Go plugin serves that is named `plugin`, as managed plugins are. */
const USUAL_SOCKET = '/run/docker/plugins/plugin.sock';
/** Folders where the machine's own engine looks for plugins. */
const ENGINES_FOLDER = /^(\/var)?\/run\/docker\//;

/**
 * Reads from the environment which other plugin is to be measured; undefined if none is.
 *
 * @throws {UsageError} where its program can't be run, and where its socket would be one of the machine's own engine.
 */
export function parsePeer(env: Readonly<Record<string, string | undefined>>): PeerOptions | undefined {
  const { PEER_BIN: program, PEER_SOCKET: socket, PEER_LABELS: labels, VAULT_SWARM_BOX: box } = env;
  if (!program) {
    if (socket || labels) throw new UsageError("PEER_BIN is missing: the path of the other plugin's program");
    return undefined;
  }
  const problem = problemOf(program);
  if (problem !== undefined) throw new UsageError(`PEER_BIN=${program}: ${problem}`);
  const socketPath = socket || USUAL_SOCKET;
  if (!box && ENGINES_FOLDER.test(socketPath)) {
    throw new UsageError(
      `PEER_BIN would serve on ${socketPath} of this machine: run \`npm run bench\`, which makes a box`,
    );
  }
  try {
    return { program, socketPath, labels: parseLabelTemplate(labels || OWN_LABELS) };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function problemOf(program: string): string | undefined {
  if (!isAbsolute(program)) return 'it must be an absolute path';
  try {
    if (!statSync(program).isFile()) return 'it is no file';
    accessSync(program, constants.X_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'it is not executable';
  }
}
