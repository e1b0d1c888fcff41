import { spawn } from 'node:child_process';
import { chmod, chown, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run, runOrThrow, systemPath } from '../process/command.ts';
import { freePort } from '../process/free-port.ts';
import { findPostgres } from './postgres-programs.ts';
import { startServer } from './server-process.ts';

/** A login of PostgreSQL. */
export interface PostgresLogin {
  readonly user: string;
  readonly password: string;
}

/** A connection that repeats a query. */
export interface KeptQuery {
  /** How many queries were answered. */
  readonly answers: number;
  /** For how long the connection has been kept, in milliseconds. */
  readonly keptMs: number;
  /** The server's message if the login or a query failed, which ends the connection; else `null`. */
  readonly error: string | null;
  /** Ends the connection. */
  end(): void;
}

/** A PostgreSQL server on 127.0.0.1 with the database `app`. */
export interface Postgres {
  readonly port: number;
  /** The superuser. */
  readonly root: PostgresLogin;
  /** The connection URL of Vault's database engine, with its placeholders for user and password. */
  readonly vaultUrl: string;
  /**
   * Runs SQL in the database `app`, as the superuser or as `login`, with a connection of its own. Resolves to the result's lines,
   * with `|` between columns.
   *
   * @throws with the server's message, also if the login is refused.
   */
  query(sql: string, login?: PostgresLogin): Promise<readonly string[]>;
  /** Opens a connection and repeats a query on it, every half second. The query has one row. */
  keepQuerying(sql: string, login: PostgresLogin): KeptQuery;
  /** Whether the login is accepted. */
  accepts(login: PostgresLogin): Promise<boolean>;
  /** Stops the server and breaks its connections. Its data stays in the directory. */
  stop(): Promise<void>;
}

/** PostgreSQL refuses to run as root. */
const USER = 'nobody';

/**
 * Starts PostgreSQL with an empty database `app`. Resolves when it answers. It does not wait for the disk, so its data survives no
 * power failure.
 *
 * @throws if PostgreSQL is not installed (see {@link findPostgres}), or with the end of its log if it does not answer within 60 s.
 */
export async function startPostgres({ dir }: { readonly dir: string }): Promise<Postgres> {
  const programs = findPostgres();
  const port = await freePort();
  const root = { user: 'root', password: 'root-password' };
  const data = join(dir, 'data');
  const passwordFile = join(dir, 'password');
  const logPath = join(dir, 'postgres.log');
  const isRoot = process.getuid?.() === 0;
  const asUser = (program: string, args: readonly string[]) => {
    const command = join(programs, program);
    if (!isRoot) return { command, args };
    return { command: 'setpriv', args: [`--reuid=${USER}`, '--regid=65534', '--clear-groups', '--', command, ...args] };
  };
  await mkdir(dir, { recursive: true });
  await writeFile(passwordFile, root.password);
  if (isRoot) await giveTo(dir, passwordFile);
  const initdb = asUser('initdb', [
    '-D',
    data,
    '-U',
    root.user,
    `--pwfile=${passwordFile}`,
    '-A',
    'scram-sha-256',
    '-N',
  ]);
  await runOrThrow(initdb.command, initdb.args, { cwd: dir, timeoutMs: 10 * 60_000 });
  const options = ['listen_addresses=127.0.0.1', 'fsync=off', 'max_connections=100', 'shared_buffers=16MB'];
  const server = await startServer({
    name: `PostgreSQL on 127.0.0.1:${port}`,
    ...asUser('postgres', ['-D', data, '-p', `${port}`, '-k', dir, ...options.flatMap((option) => ['-c', option])]),
    env: { LC_ALL: 'C.UTF-8' },
    logPath,
    timeoutMs: 60_000,
    answers: async () =>
      (await run(join(programs, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', `${port}`])).code === 0,
  });
  const client = join(programs, 'psql');
  const connection = (database: string, { user, password }: PostgresLogin) => ({
    args: ['-h', '127.0.0.1', '-p', `${port}`, '-U', user, '-d', database, '-XAtq', '-v', 'ON_ERROR_STOP=1'],
    env: { PATH: systemPath, PGPASSWORD: password, PGCONNECT_TIMEOUT: '30' },
  });
  const psql = (database: string, sql: string, login: PostgresLogin) => {
    const { args, env } = connection(database, login);
    return run(client, [...args, '-c', sql], { env });
  };
  const query = async (database: string, sql: string, login: PostgresLogin) => {
    const { code, stdout, stderr } = await psql(database, sql, login);
    if (code !== 0) throw new Error(`psql as ${login.user}: ${stderr.trim()}`);
    return stdout
      .toString()
      .split('\n')
      .filter((line) => line !== '');
  };
  await query('postgres', 'CREATE DATABASE app', root);
  return {
    port,
    root,
    vaultUrl: `postgresql://{{username}}:{{password}}@127.0.0.1:${port}/app?sslmode=disable`,
    query: (sql, login = root) => query('app', sql, login),
    keepQuerying: (sql, login) => {
      const { args, env } = connection('app', login);
      return keepQuerying(client, args, env, sql);
    },
    async accepts(login) {
      const { code, stderr } = await psql('app', 'SELECT 1', login);
      if (code !== 0 && !/authentication failed|does not exist|not permitted to log in/.test(stderr)) {
        throw new Error(`psql as ${login.user}: ${stderr.trim()}`);
      }
      return code === 0;
    },
    stop: () => server.end('SIGINT'),
  };
}

function keepQuerying(client: string, args: readonly string[], env: NodeJS.ProcessEnv, sql: string): KeptQuery {
  const startedAtMs = performance.now();
  const child = spawn(client, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let answers = 0;
  let endedAtMs: number | null = null;
  let isStopped = false;
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    answers += chunk.toString().split('\n').length - 1;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const end = () => {
    endedAtMs ??= performance.now();
  };
  child.once('error', (error) => {
    stderr += error.message;
    end();
  });
  child.once('close', end);
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${sql} \\watch 0.5\n`);
  return {
    get answers() {
      return answers;
    },
    get keptMs() {
      return (endedAtMs ?? performance.now()) - startedAtMs;
    },
    get error() {
      return endedAtMs === null || isStopped ? null : stderr.trim() || 'psql ended';
    },
    end: () => {
      isStopped = true;
      child.kill();
    },
  };
}

/** Makes the server's user the owner of a directory and a file in it, and lets it pass the directories above. */
async function giveTo(dir: string, file: string): Promise<void> {
  for (const path of [dir, file]) await chown(path, 65_534, 65_534);
  for (let above = dirname(dir); above !== dirname(above); above = dirname(above)) {
    const { mode } = await stat(above);
    if ((mode & 0o001) === 0) await chmod(above, (mode & 0o7777) | 0o001);
  }
}
