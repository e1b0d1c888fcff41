import { type FSWatcher, watch } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, Listeners } from '@vault-swarm/kernel';
import type { ChangeHints, Events } from '@vault-swarm/provider';

/** Changes within this time cause one hint. */
const DEBOUNCE_MS = 50;
/** The system's watches are limited. Changes in further directories are found by polling. */
const MAX_DIRECTORIES = 1_000;

interface WatchedDirectory {
  /** Device and inode, to detect another directory at the same path. */
  readonly identity: string;
  readonly watcher: FSWatcher;
}

/**
 * Emits hints when a directory or a directory below it changes. Failures are not errors: a directory that does not
 * exist or can't be watched gives no hints, and {@link DirectoryWatch.refresh} tries again. Links need no watch:
 * replacing a link changes its directory, and its target is below the same root.
 */
export class DirectoryWatch implements ChangeHints {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #listeners: Listeners;
  readonly #watched = new Map<string, WatchedDirectory>();
  /** Whether the directories may differ from those that are watched. */
  #stale = true;
  #scanning = false;
  #closed = false;
  #cancelHint: (() => void) | undefined;

  /** @param events receives `listener.failed`. */
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

  /** Adds missing watches, and replaces the watch of a directory that was replaced. */
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
      // The directory does not exist: the next poll tries again.
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
        directories.push(...below.slice(0, MAX_DIRECTORIES - directories.length));
      } catch {
        // The directory may not exist or may not be readable, or the system has no watches left: the next poll tries
        // again.
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
    // Something may have changed while there was no watch.
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
    // The directories may have changed.
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
