import { createHash } from 'node:crypto';
import { lstatSync, type Stats } from 'node:fs';
import { chmod, link, lstat, mkdir, mkdtemp, rename, rm, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { type Clock, errorMessage } from '@vault-swarm/kernel';

/** Another process answers on the socket. */
export class SocketInUse extends Error {
  override readonly name = 'SocketInUse';
  readonly socketPath: string;

  constructor(socketPath: string) {
    super(`socket ${socketPath} is served by another process; stop that process, or set another PLUGIN_SOCKET`);
    this.socketPath = socketPath;
  }
}

/** The path can't be used as a socket. The message says why; nothing was changed there. */
export class SocketUnusable extends Error {
  override readonly name = 'SocketUnusable';
  readonly socketPath: string;

  constructor(socketPath: string, reason: string, cause?: unknown) {
    super(`socket ${socketPath} can't be used: ${reason}`, { cause });
    this.socketPath = socketPath;
  }
}

/** Our socket on its public path. */
export interface LockedSocket {
  /** Whether the path still leads to our socket. */
  isOurs(): boolean;
  /**
   * Removes the path if it still leads to our socket. Call it while the socket listens, so that no other process takes
   * it over.
   */
  release(): Promise<void>;
}

/** What becomes of a socket on which another process answers. */
export type OthersSocket = 'kept' | 'replaced';

/** The size of Linux's `sun_path` is 108 bytes, including the final zero. */
const MAX_PATH = 107;
/** Holding the lock takes milliseconds. The timeout is for a process that was stopped while it held the lock. */
const LOCK_TIMEOUT_MS = 2_000;
const LOCK_POLL_MS = 10;
const CONNECT_DEADLINE_MS = 1_000;
/**
 * The mode of directories that we create: a user with write access could replace the socket. A umask can only restrict
 * it.
 */
const DIRECTORY_MODE = 0o755;
/** Another process may create or remove a socket between any two steps; then we check again. */
const ATTEMPTS = 20;

/**
 * Makes `socketPath` lead to a new socket of mode 0600, on which `listen` listens. A socket whose process is gone is
 * replaced. If several processes lock one path at the same moment, exactly one succeeds.
 *
 * The socket is created in a private directory. When it has its mode and listens, a hard link gives it its public
 * path. So no client meets it with a wider mode or before it listens, and the link fails if the path exists. To
 * replace a socket, ours is renamed over it, so the path always leads to a listening socket. Clients that are
 * connected to the other socket are still answered by it.
 *
 * @param listen binds and listens on the given path.
 * @throws {SocketInUse} if another process answers and its socket must not be replaced.
 * @throws {SocketUnusable} if the path is too long, is not a socket, or can't be written.
 */
export async function lockSocket(
  socketPath: string,
  listen: (path: string) => Promise<void>,
  clock: Clock,
  others: OthersSocket = 'kept',
): Promise<LockedSocket> {
  const directory = dirname(socketPath);
  // We bind or connect to both paths, so both must fit.
  const longest = Math.max(...[socketPath, join(directory, '.XXXXXX', 's'), lockPath(socketPath)].map(bytes));
  if (longest > MAX_PATH) {
    const most = MAX_PATH - (longest - bytes(socketPath));
    throw new SocketUnusable(socketPath, `its path has ${bytes(socketPath)} bytes; at most ${most} are possible here`);
  }
  const privateDirectory = await makePrivateDirectory(socketPath, directory);
  try {
    const privatePath = join(privateDirectory, 's');
    await listen(privatePath);
    await chmod(privatePath, 0o600);
    const own = await lstat(privatePath);
    if (others === 'replaced') await replace(socketPath, privatePath);
    else await publish(socketPath, privatePath, privateDirectory, clock);
    return { isOurs: () => isStill(own, socketPath), release: () => release(socketPath, own) };
  } catch (error) {
    if (error instanceof SocketInUse || error instanceof SocketUnusable) throw error;
    throw new SocketUnusable(socketPath, errorMessage(error), error);
  } finally {
    await rm(privateDirectory, { recursive: true, force: true });
  }
}

/** Creates a directory and those above it. Node's own recursive mkdir never returns for a path below /proc. */
async function makeDirectory(directory: string): Promise<void> {
  const make = () =>
    mkdir(directory, { mode: DIRECTORY_MODE }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
  try {
    await make();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(directory) === directory) throw error;
    await makeDirectory(dirname(directory));
    await make();
  }
}

async function makePrivateDirectory(socketPath: string, directory: string): Promise<string> {
  try {
    await makeDirectory(directory);
    return await mkdtemp(`${directory}/.`);
  } catch (error) {
    throw new SocketUnusable(socketPath, `its directory can't be created or written: ${errorMessage(error)}`, error);
  }
}

/**
 * Gives our socket its public path. A process that replaces a dead socket first creates the lock path, a second link
 * to its own socket. A dead holder of the lock is thus detected like any dead socket.
 */
async function publish(socketPath: string, privatePath: string, privateDirectory: string, clock: Clock): Promise<void> {
  if (await linked(privatePath, socketPath)) return;
  const claim = lockPath(socketPath);
  const started = clock.monotonic();
  while (!(await linked(privatePath, claim))) {
    if (await isStale(claim, clock)) await removeStale(claim, privateDirectory, clock);
    else if (clock.monotonic() - started > LOCK_TIMEOUT_MS) throw new SocketInUse(socketPath);
    else await pause(clock);
  }
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (!(await isStale(socketPath, clock))) throw new SocketInUse(socketPath);
      await removeStale(socketPath, privateDirectory, clock);
      if (await linked(privatePath, socketPath)) return;
    }
    throw new SocketInUse(socketPath);
  } finally {
    await rm(claim, { force: true });
  }
}

/** Renames our socket over the existing one, in one step. */
async function replace(socketPath: string, privatePath: string): Promise<void> {
  const found = statIfThere(socketPath);
  if (found !== undefined) refuseUnlessSocket(socketPath, found);
  await rename(privatePath, socketPath);
}

function refuseUnlessSocket(path: string, found: Stats): void {
  if (!found.isSocket()) throw new SocketUnusable(path, 'it is not a socket; move that file away');
}

/** Creates a hard link; returns false if the path exists. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Whether no process serves the path: it does not exist, or the socket refuses connections.
 *
 * @throws {SocketUnusable} if it is not a socket, or we have no permission to connect.
 */
export async function isStale(path: string, clock: Clock): Promise<boolean> {
  const found = statIfThere(path);
  if (found === undefined) return true;
  refuseUnlessSocket(path, found);
  const code = await new Promise<string | undefined>((resolve) => {
    const socket = connect(path);
    const cancel = clock.after(CONNECT_DEADLINE_MS, () => socket.destroy(new Error('connecting took too long')));
    socket.once('connect', () => socket.destroy());
    socket.once('error', (error) => {
      cancel();
      resolve(codeOf(error));
    });
    socket.once('close', () => {
      cancel();
      resolve(undefined);
    });
  });
  if (code === 'EACCES' || code === 'EPERM') throw new SocketUnusable(path, 'we have no permission to connect to it');
  return code === 'ECONNREFUSED' || code === 'ENOENT';
}

/**
 * Removes a dead socket by moving it into our private directory. The moved socket is checked again: a live one that
 * was created meanwhile gets its path back.
 */
async function removeStale(path: string, privateDirectory: string, clock: Clock): Promise<void> {
  const taken = join(privateDirectory, 'taken');
  try {
    await rename(path, taken);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  let dead = false;
  try {
    dead = await isStale(taken, clock);
  } finally {
    if (!dead) await linked(taken, path);
    await unlink(taken);
  }
}

async function release(socketPath: string, own: Stats): Promise<void> {
  if (isStill(own, socketPath)) await rm(socketPath, { force: true });
}

/** The inode of our socket is not reused while we listen on it. */
function isStill(own: Stats, path: string): boolean {
  const found = statIfThere(path);
  return found !== undefined && found.ino === own.ino && found.dev === own.dev;
}

/** Asked four times a second. A call of the file system takes microseconds, and Node's pool of threads ten times as long. */
function statIfThere(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** A short name, because the length of a socket's path is limited. */
function lockPath(socketPath: string): string {
  const name = createHash('sha256').update(basename(socketPath)).digest('hex').slice(0, 7);
  return join(dirname(socketPath), `.${name}`);
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.after(LOCK_POLL_MS, resolve);
  });
}

function bytes(path: string): number {
  return Buffer.byteLength(path);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
