import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, displayText, sleep } from '@vault-swarm/kernel';
import { type OwnFile, ProviderError, VALUE_LIMIT_BYTES } from '@vault-swarm/provider';
import { directoryError, fileError, systemCode } from './file-error.ts';
import { inspectPath } from './inspect-path.ts';
import { ownFileOpened } from './own-files.ts';

/**
 * The largest file that is parsed or decoded. It may be larger than the value in it; Vault's limit for one secret is
 * the same.
 */
const PARSED_LIMIT_BYTES = 1024 * 1024;
/** How often a path is resolved again if its links change meanwhile and their old targets are removed. */
const RESOLUTIONS = 10;
/** How often a file is read or checked again if it is written meanwhile. */
const ATTEMPTS = 4;
/**
 * The coarsest time stamp of a file system. A file that changed more recently may change again without a new time
 * stamp, so we wait.
 */
const SETTLE_MS = 20;
/** Opening a FIFO or device must not block, and a terminal must not become ours. Links are not followed. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY;

/** A file and its state at one moment. */
interface Opened {
  readonly handle: FileHandle;
  readonly stats: BigIntStats;
  readonly settled: boolean;
}

/**
 * Reads files below one directory and nothing else: neither `..` nor a symbolic link can leave it. A file, or a link
 * to a file, that is replaced by a rename is read completely: the old or the new one. All functions reject with a
 * ProviderError, except if aborted.
 */
export class SecretsDirectory {
  readonly #name: string;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #ownFiles: readonly OwnFile[];
  #unsettled = 0;

  constructor(
    name: string,
    directory: string,
    options: { readonly clock: Clock; readonly ownFiles: readonly OwnFile[] },
  ) {
    this.#name = name;
    this.#directory = directory;
    this.#clock = options.clock;
    this.#ownFiles = options.ownFiles;
  }

  /**
   * Reads the bytes of the file, all from one moment.
   * @param use whether the value is the whole file, or is parsed or decoded from it.
   */
  async read(path: string, use: 'value' | 'parsed', signal: AbortSignal): Promise<Uint8Array> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const bytes = await this.#withFile(path, signal, async ({ handle, stats }) => {
        await this.#refuseOwn(path, handle, stats);
        this.#refuseSize(path, use, stats.size);
        const read = await readUpTo(handle, PARSED_LIMIT_BYTES);
        const after = await handle.stat({ bigint: true });
        if (BigInt(read.length) === stats.size && stamp(after) === stamp(stats)) return read;
        read.fill(0);
        return null;
      });
      if (bytes !== null) return bytes;
    }
    throw new ProviderError(
      'UNAVAILABLE',
      `${this.#subject(path)}: it changes while it is read; write the value to another file and move it here with mv`,
    );
  }

  /** Returns a text that changes whenever the file changes. It does not read the content. */
  marker(path: string, signal: AbortSignal): Promise<string> {
    return this.#withFile(path, signal, async ({ stats, settled }) =>
      settled ? stamp(stats) : `${stamp(stats)} ${++this.#unsettled}`,
    );
  }

  async #withFile<T>(path: string, signal: AbortSignal, use: (opened: Opened) => Promise<T>): Promise<T> {
    try {
      const handle = await this.#open(path, signal);
      try {
        return await use(await this.#settled(path, handle, signal));
      } finally {
        await handle.close();
      }
    } catch (error) {
      signal.throwIfAborted();
      throw fileError(this.#subject(path), error);
    }
  }

  async #open(path: string, signal: AbortSignal): Promise<FileHandle> {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      const root = await this.#root(path);
      signal.throwIfAborted();
      try {
        const handle = await this.#openBelow(root, path);
        if (handle !== null) return handle;
      } catch (error) {
        // The directory may have been removed, or the file replaced by a link, after the link was followed.
        const swapped = systemCode(error) === 'ENOENT' || systemCode(error) === 'ELOOP';
        if (!swapped || attempt === RESOLUTIONS) throw error;
        continue;
      }
      if (attempt === RESOLUTIONS) throw this.#leaves(path);
    }
  }

  async #root(path: string): Promise<string> {
    try {
      const root = await realpath(this.#directory);
      if ((await lstat(root)).isDirectory()) return root;
      throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
    } catch (error) {
      throw directoryError(this.#subject(path), this.#directory, error);
    }
  }

  /** Opens the file. Returns `null` if it is no longer the file that was checked. */
  async #openBelow(root: string, path: string): Promise<FileHandle | null> {
    const target = await realpath(join(root, path));
    if (!isBelow(root, target)) throw this.#leaves(path);
    // A device is not opened, because opening alone can have an effect.
    this.#refuseKind(path, await lstat(target, { bigint: true }));
    const handle = await open(target, FLAGS);
    try {
      // A directory of the path may have become a link after the check, so the opened file is checked too.
      if (isBelow(root, await openedPath(handle, target))) return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
    return null;
  }

  /** Waits, for a limited time, until the last change is old enough that the next change gets another time stamp. */
  async #settled(path: string, handle: FileHandle, signal: AbortSignal): Promise<Opened> {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      const stats = await handle.stat({ bigint: true });
      this.#refuseKind(path, stats);
      const ageMs = this.#clock.now() - Number(stats.ctimeMs);
      const settled = ageMs < 0 || ageMs >= SETTLE_MS;
      if (settled || attempt === ATTEMPTS) return { handle, stats, settled };
      await sleep(this.#clock, SETTLE_MS, signal);
    }
  }

  /** Checked at each read, because links, mounts and our own files change while the plugin runs. */
  async #refuseOwn(path: string, handle: FileHandle, { dev, ino, mode }: BigIntStats): Promise<void> {
    if (this.#ownFiles.length === 0) return;
    const target = { device: dev, inode: ino, mode: Number(mode) };
    const opened = { ...inspectPath(await openedPath(handle, join(this.#directory, path))), target };
    const own = ownFileOpened(opened, this.#ownFiles, inspectPath);
    if (own === null) return;
    const message = `${this.#subject(path)}: it is the plugin's own file (${own.variable}), which is never delivered`;
    throw new ProviderError('ACCESS_DENIED', message);
  }

  #refuseKind(path: string, stats: BigIntStats): void {
    if (stats.isFile()) return;
    const kind = stats.isDirectory() ? 'a directory' : stats.isFIFO() ? 'a named pipe' : 'a device or socket';
    throw new ProviderError('INVALID_PAYLOAD', `${this.#subject(path)}: it is ${kind}, not a file`);
  }

  #refuseSize(path: string, use: 'value' | 'parsed', size: bigint): void {
    if (size > 0 && (use === 'value' ? size < VALUE_LIMIT_BYTES : size <= PARSED_LIMIT_BYTES)) return;
    const limit =
      // An empty file is probably about to be written.
      size === 0n
        ? 'an empty file is no value; it is probably written just now'
        : use === 'value'
          ? `a value must have less than ${VALUE_LIMIT_BYTES} bytes`
          : `at most ${PARSED_LIMIT_BYTES} bytes are parsed or decoded`;
    throw new ProviderError('INVALID_PAYLOAD', `${this.#subject(path)}: it has ${size} bytes; ${limit}`);
  }

  #leaves(path: string): ProviderError {
    const message = `${this.#subject(path)}: a symbolic link leads out of ${this.#directory}, which is not allowed`;
    return new ProviderError('ACCESS_DENIED', message);
  }

  #subject(path: string): string {
    return `${this.#name} ${displayText(path)}`;
  }
}

function isBelow(root: string, path: string): boolean {
  return path.startsWith(root.endsWith('/') ? root : `${root}/`);
}

/** Where the opened file is now. Only Linux can say this reliably; on other systems the path is resolved once more. */
async function openedPath(handle: FileHandle, target: string): Promise<string> {
  return process.platform === 'linux' ? readlink(`/proc/self/fd/${handle.fd}`) : realpath(target);
}

async function readUpTo(handle: FileHandle, limit: number): Promise<Uint8Array> {
  const { size } = await handle.stat();
  // One byte more than the size, to detect a file that grows.
  const buffer = new Uint8Array(Math.min(size, limit) + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

function stamp(stats: BigIntStats): string {
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ');
}
