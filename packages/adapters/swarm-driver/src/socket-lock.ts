import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { chmod, link, lstat, mkdir, mkdtemp, rename, rm, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { type Clock, errorMessage } from '@vault-swarm/kernel';

/** Another process answers on the socket. */
export class SocketInUse extends Error {
  override readonly name = 'SocketInUse';
  readonly socketPath: string;

  constructor(socketPath: string) {
    super(`socket ${socketPath} is served by another process; stop that one, or set another PLUGIN_SOCKET`);
    this.socketPath = socketPath;
  }
}

/** The path can't be used as a socket; the message says why, and nothing was changed there. */
export class SocketUnusable extends Error {
  override readonly name = 'SocketUnusable';
  readonly socketPath: string;

  constructor(socketPath: string, reason: string, cause?: unknown) {
    super(`socket ${socketPath} can't be used: ${reason}`, { cause });
    this.socketPath = socketPath;
  }
}

/** A socket that is ours, under its public name. */
export interface LockedSocket {
  /** Whether the name still leads to our socket. */
  isOurs(): Promise<boolean>;
  /** Removes the name, if it still leads to our socket. Call it while the socket listens: then nobody takes it over. */
  release(): Promise<void>;
}

/** What becomes of a socket on which another process answers. */
export type OthersSocket = 'left alone' | 'replaced';

/** Linux's `sun_path` has 108 bytes with its closing zero. */
const MAX_PATH = 107;
/** A claim takes milliseconds; this is for one whose process was stopped in the middle of it. */
const LOCK_TIMEOUT_MS = 2_000;
const LOCK_POLL_MS = 10;
const CONNECT_DEADLINE_MS = 1_000;
/** Of directories that we make: a user with write access to one could replace the socket. A umask can only narrow it. */
const DIRECTORY_MODE = 0o755;
/** Another process may put a socket there, or take one away, between any two steps: then we look again. */
const ATTEMPTS = 20;

/**
 * Makes `socketPath` lead to a new socket of mode 0600, on which `listen` listens. A socket whose process is gone is
 * replaced; of several processes that claim one path at the same moment, exactly one gets it.
 *
 * The socket is made in a directory that only we can enter and gets its public name, by a hard link, when it has its mode
 * and listens. So nobody ever meets it with a wider mode, or not yet listening; and a link fails where a name is taken.
 * A socket that is to be replaced is renamed over instead: at each moment the name leads to one that listens. Who had
 * connected to the other one is still answered by it.
 *
 * @param listen binds and listens on the path that it is given.
 * @throws {SocketInUse} where another process answers, and its socket is to be left alone.
 * @throws {SocketUnusable} where the path is too long, is not a socket's, or may not be written.
 */
export async function lockSocket(
  socketPath: string,
  listen: (path: string) => Promise<void>,
  clock: Clock,
  others: OthersSocket = 'left alone',
): Promise<LockedSocket> {
  const directory = dirname(socketPath);
  // Both are bound or connected to, so both must fit.
  const longest = Math.max(...[socketPath, join(directory, '.XXXXXX', 's'), lockPath(socketPath)].map(bytes));
  if (longest > MAX_PATH) {
    const most = MAX_PATH - (longest - bytes(socketPath));
    throw new SocketUnusable(
      socketPath,
      `its path has ${bytes(socketPath)} bytes, and here at most ${most} are possible`,
    );
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

async function makePrivateDirectory(socketPath: string, directory: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
    return await mkdtemp(`${directory}/.`);
  } catch (error) {
    throw new SocketUnusable(socketPath, `its directory can't be made or written: ${errorMessage(error)}`, error);
  }
}

/**
 * Gives our socket its public name. Who wants to replace a dead socket first holds the claim's name, which is a second
 * link to its own socket: so a holder that died is known by its socket, as any other.
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

/** Puts our socket in the place of whatever socket is there, in one step. */
async function replace(socketPath: string, privatePath: string): Promise<void> {
  const found = await statIfThere(socketPath);
  if (found !== undefined) refuseUnlessSocket(socketPath, found);
  await rename(privatePath, socketPath);
}

function refuseUnlessSocket(path: string, found: Stats): void {
  if (!found.isSocket()) throw new SocketUnusable(path, 'there is something else than a socket; move it away');
}

/** Whether the name could be given; false where it is taken. */
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
 * Whether nobody serves the path: nothing is there, or a socket that refuses.
 *
 * @throws {SocketUnusable} where there is something else, or we may not connect.
 */
export async function isStale(path: string, clock: Clock): Promise<boolean> {
  const found = await statIfThere(path);
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
  if (code === 'EACCES' || code === 'EPERM') throw new SocketUnusable(path, 'we may not connect to what is there');
  return code === 'ECONNREFUSED' || code === 'ENOENT';
}

/**
 * Removes a dead socket by moving it into our own directory. What was moved is checked again: where it turns out to be a
 * living one that came in between, it gets its name back.
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
  if (await isStill(own, socketPath)) await rm(socketPath, { force: true });
}

/** The number of our socket's inode is not given to another one while we listen on it. */
async function isStill(own: Stats, path: string): Promise<boolean> {
  const found = await statIfThere(path);
  return found !== undefined && found.ino === own.ino && found.dev === own.dev;
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Short, since a socket's path may be no longer than any other's. */
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
