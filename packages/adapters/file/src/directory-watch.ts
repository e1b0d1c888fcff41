import { type FSWatcher, watch } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChangeHints, type Clock, type Events, Listeners } from '@vault-swarm/provider';

/** Changes that come together give one hint. */
const DEBOUNCE_MS = 50;
/** The system's watches are few; what is in further directories is found by looking. */
const MAX_DIRECTORYS = 1_000;

interface WatchedDirectory {
  /** Device and inode: another directory may have come to the same path. */
  readonly identity: string;
  readonly watcher: FSWatcher;
}

/**
 * Hints at changes in a directory and the directories below it. Nothing here is an error: a directory that is not there, or can't
 * be watched, gives no hints, and {@link FolderWatch.refresh} tries again. Links need no watch of their own: swapping
 * one changes the directory that it is in, and what it may lead to is below the same root.
 */
export class DirectoryWatch implements ChangeHints {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #listeners: Listeners;
  readonly #watched = new Map<string, WatchedDirectory>();
  /** Whether the directories below may be others than those that are watched. */
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

  /** Sets the watches up where they are missing, or where the directory is no longer the one that is watched. */
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
      // The directory is not there: the next look comes back to it.
      this.#stale = true;
    }
  }

  async #watchAll(root: string): Promise<void> {
    const directories = [root];
    const present = new Set<string>();
    for (const base of directories) {
      if (!this.#wanted()) return;
      try {
        await this.#watch(base);
        present.add(base);
        const entries = await readdir(base, { withFileTypes: true });
        const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(base, name));
        directories.push(...below.slice(0, MAX_DIRECTORYS - directories.length));
      } catch {
        // It may be gone, or not be ours to read, or the system has no more watches: the next look tries again.
        this.#stale = true;
      }
    }
    this.#unwatch((base) => !present.has(base));
  }

  async #watch(base: string): Promise<void> {
    const identity = await identityOf(base);
    const known = this.#watched.get(base);
    if (!this.#wanted() || known?.identity === identity) return;
    known?.watcher.close();
    this.#watched.delete(base);
    const watcher = watch(base, () => this.#changed());
    watcher.on('error', () => {
      this.#unwatch((candidate) => candidate === base);
      this.#stale = true;
    });
    this.#watched.set(base, { identity, watcher });
    // Something may have changed while nobody watched.
    this.#hintSoon();
  }

  #unwatch(matches: (base: string) => boolean): void {
    for (const [base, { watcher }] of this.#watched) {
      if (!matches(base)) continue;
      watcher.close();
      this.#watched.delete(base);
    }
  }

  #changed(): void {
    // The directories may be others now.
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

async function identityOf(base: string): Promise<string> {
  const { dev, ino } = await stat(base, { bigint: true });
  return `${dev} ${ino}`;
}
