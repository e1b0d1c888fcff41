import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { errorMessage } from '@vault-swarm/kernel';
import { OWN_LABELS, parseLabelTemplate } from './label-template.ts';
import type { PeerOptions } from './peer.ts';
import { UsageError } from './usage-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The socket of a Go plugin named `plugin`, as managed plugins are. */
const USUAL_SOCKET = '/run/docker/plugins/plugin.sock';
/** Directories where the machine's own engine looks for plugins. */
const ENGINES_DIRECTORY = /^(\/var)?\/run\/docker\//;

/**
 * Reads from the environment which other plugin to measure; undefined if there is none.
 *
 * @throws {UsageError} if its program can't run, or if its socket would belong to the machine's own engine.
 */
export function parsePeer(env: Environment): PeerOptions | undefined {
  const { PEER_BIN: program, PEER_SOCKET: socket, PEER_LABELS: labels, VAULT_SWARM_SANDBOX: sandbox } = env;
  if (!program) {
    if (socket || labels) throw new UsageError("PEER_BIN is missing: the path of the other plugin's program");
    return undefined;
  }
  const problem = problemOf(program);
  if (problem !== undefined) throw new UsageError(`PEER_BIN=${program}: ${problem}`);
  const socketPath = socket || USUAL_SOCKET;
  if (!sandbox && ENGINES_DIRECTORY.test(socketPath)) {
    throw new UsageError(
      `PEER_BIN would serve on ${socketPath} of this machine: run \`npm run bench\`, which creates a sandbox`,
    );
  }
  try {
    return { program, socketPath, labels: parseLabelTemplate(labels || OWN_LABELS) };
  } catch (error) {
    throw new UsageError(errorMessage(error));
  }
}

/**
 * Reads from the environment the launcher of the previous version to measure; undefined if there is none.
 *
 * @throws {UsageError} if it can't run, or if there is a peer too.
 */
export function parseBase({ BASE_CMD: command, PEER_BIN: peer }: Environment): string | undefined {
  if (!command) return undefined;
  if (peer) throw new UsageError('BASE_CMD and PEER_BIN are given: only one can be compared with the plugin');
  const problem = problemOf(command);
  if (problem !== undefined) throw new UsageError(`BASE_CMD=${command}: ${problem}`);
  return command;
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
