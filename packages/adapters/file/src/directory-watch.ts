import { type FSWatcher, watch } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChangeHints, type Clock, type Events, Listeners } from '@vault-swarm/provider';

/** Changes that come together give one hint. */
const DEBOUNCE_MS = 50;
/** The system's watches are few; what is in further folders is found by looking. */
const MAX_FOLDERS = 1_000;

interface WatchedFolder {
  /** Device and inode: another folder may have come to the same path. */
  readonly identity: string;
  readonly watcher: FSWatcher;
}

/**
 * Hints at changes in a folder and the folders below it. Nothing here is an error: a folder that is not there, or can't
 * be watched, gives no hints, and {@link FolderWatch.refresh} tries again. Links need no watch of their own: swapping
 * one changes the folder that it is in, and what it may lead to is below the same root.
 */
export class FolderWatch implements ChangeHints {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #listeners: Listeners;
  readonly #watched = new Map<string, WatchedFolder>();
  /** Whether the folders below may be others than those that are watched. */
  #stale = true;
  #scanning = false;
  #closed = false;
  #cancelHint: (() => void) | undefined;

  /** @param events gets `listener.failed`. */
  constructor(directory: string, clock: Clock, events: Events) {
    this.#directory = directory;
    this.#clock = clock;
    this.#listeners = new Listeners(events);
  }

  onHint(listener: () => void): () => void {
    const remove = this.#listeners.add('hint of the file provider', listener);
    this.refresh();
    return () => {
      remove();
      if (this.#listeners.size === 0) this.#unwatch(() => true);
    };
  }

  /** Sets the watches up where they are missing, or where the folder is no longer the one that is watched. */
  refresh(): void {
    if (this.#scanning || !this.#wanted()) return;
    this.#scanning = true;
    void this.#scan().finally(() => {
      this.#scanning = false;
    });
  }

  close(): void {
    this.#closed = true;
    this.#listeners.clear();
    this.#cancelHint?.();
    this.#unwatch(() => true);
  }

  #wanted(): boolean {
    return !this.#closed && this.#listeners.size > 0;
  }

  async #scan(): Promise<void> {
    try {
      const root = await realpath(this.#directory);
      if (!this.#stale && this.#watched.get(root)?.identity === (await identityOf(root))) return;
      this.#stale = false;
      await this.#watchAll(root);
    } catch {
      // The folder is not there: the next look comes back to it.
      this.#stale = true;
    }
  }

  async #watchAll(root: string): Promise<void> {
    const folders = [root];
    const present = new Set<string>();
    for (const folder of folders) {
      if (!this.#wanted()) return;
      try {
        await this.#watch(folder);
        present.add(folder);
        const entries = await readdir(folder, { withFileTypes: true });
        const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
        folders.push(...below.slice(0, MAX_FOLDERS - folders.length));
      } catch {
        // It may be gone, or not be ours to read, or the system has no more watches: the next look tries again.
        this.#stale = true;
      }
    }
    this.#unwatch((folder) => !present.has(folder));
  }

  async #watch(folder: string): Promise<void> {
    const identity = await identityOf(folder);
    const known = this.#watched.get(folder);
    if (!this.#wanted() || known?.identity === identity) return;
    known?.watcher.close();
    this.#watched.delete(folder);
    const watcher = watch(folder, () => this.#changed());
    watcher.on('error', () => {
      this.#unwatch((candidate) => candidate === folder);
      this.#stale = true;
    });
    this.#watched.set(folder, { identity, watcher });
    // Something may have changed while nobody watched.
    this.#hintSoon();
  }

  #unwatch(matches: (folder: string) => boolean): void {
    for (const [folder, { watcher }] of this.#watched) {
      if (!matches(folder)) continue;
      watcher.close();
      this.#watched.delete(folder);
    }
  }

  #changed(): void {
    // The folders may be others now.
    this.#stale = true;
    this.#hintSoon();
  }

  #hintSoon(): void {
    if (!this.#wanted()) return;
    this.#cancelHint ??= this.#clock.after(DEBOUNCE_MS, () => {
      this.#cancelHint = undefined;
      this.refresh();
      this.#listeners.notify();
    });
  }
}

async function identityOf(folder: string): Promise<string> {
  const { dev, ino } = await stat(folder, { bigint: true });
  return `${dev} ${ino}`;
}
