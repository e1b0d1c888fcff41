import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, open, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { findOpenBao, findVault, type OwnEngine, waitFor } from '@vault-swarm/lab';

const repository = resolve(import.meta.dirname, '../../../..');
const run = promisify(execFile);
const rootToken = 'root';

/** A shell on a manager, in the repository's directory: with docker, vault, vault-swarm and sudo, in the engine's own network. */
export interface OperatorShell {
  /** Runs commands as one script, which stops at the first failed command. Resolves to its stdout. */
  run(script: string): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts a shell on the engine's machine.
 *
 * @param directory for its programs and its files.
 * @param variables of its environment, besides those that name the engine.
 */
export async function startPlainShell(
  engine: OwnEngine,
  directory: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Pick<OperatorShell, 'run'>> {
  const programs = join(directory, 'bin');
  await mkdir(programs, { recursive: true });
  // OpenBao's command works with Vault. The small Vault has no command but `server`.
  const [server, client] = [await findVault(), await findOpenBao()];
  const vaultCommand = `#!/bin/sh\n[ "$1" = server ] && exec '${server}' "$@"\nexec '${client}' "$@"\n`;
  await writeFile(join(programs, 'vault'), vaultCommand, { mode: 0o755 });
  await symlink(join(repository, 'bin/vault-swarm'), join(programs, 'vault-swarm'));
  await writeFile(join(programs, 'sudo'), '#!/bin/sh\nexec "$@"\n');
  await chmod(join(programs, 'sudo'), 0o755);

  const env = {
    PATH: `${programs}:${process.env.PATH}`,
    HOME: directory,
    DOCKER_HOST: engine.host,
    DOCKER_SOCKET: engine.socketPath,
    ...variables,
  };
  return {
    run: async (script) => {
      const { stdout } = await run('nsenter', [...networkOf(engine), 'bash', '-ec', script], { env, cwd: repository });
      return stdout;
    },
  };
}

/**
 * Starts a Vault on port 8200 of the engine's machine, and a shell whose `vault` has its root token.
 *
 * @param directory for its programs, its files and Vault's log.
 */
export async function startOperatorShell(engine: OwnEngine, directory: string): Promise<OperatorShell> {
  const shell = await startPlainShell(engine, directory, {
    VAULT_ADDR: 'http://127.0.0.1:8200',
    VAULT_TOKEN: rootToken,
  });
  const log = await open(join(directory, 'vault.log'), 'a');
  const server = ['server', '-dev', '-dev-no-store-token', `-dev-root-token-id=${rootToken}`];
  const vault = spawn(
    'nsenter',
    // Listens on every address: containers reach it at the machine's address on their network.
    [...networkOf(engine), await findVault(), ...server, '-dev-listen-address=0.0.0.0:8200'],
    { env: { HOME: directory }, stdio: ['ignore', log.fd, log.fd] },
  );
  await log.close();
  const abandon = () => vault.kill('SIGKILL');
  process.once('exit', abandon);
  await waitFor(() => shell.run('vault status').then(() => true), {
    timeoutMs: 20_000,
    what: 'Vault on the manager',
  });
  return {
    ...shell,
    stop: async () => {
      process.off('exit', abandon);
      vault.kill('SIGKILL');
    },
  };
}

const networkOf = ({ networkPid }: OwnEngine) => [`--net=/proc/${networkPid}/ns/net`];
