import { link, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorMessage, quoted } from '@vault-swarm/kernel';
import type { LedgerRecord, WriteOutcome } from '@vault-swarm/rotation';
import type { RotatorLedger } from './rotator-ledger.ts';

interface Content {
  readonly format: 1;
  /** Counts the writes of `ledger`. */
  readonly version: number;
  /** The rotation's own text; `null` before its first write. */
  readonly ledger: string | null;
  readonly generations: Readonly<Record<string, number>>;
}

/** The ledgers that are open in this process: their locks have its own id, as locks of earlier runs may have. */
const openPaths = new Set<string>();

const EMPTY: Content = { format: 1, version: 0, ledger: null, generations: {} };

/**
 * A ledger in a file, which survives a crash of the process. The file has mode 0600 and is replaced atomically.
 * `PATH.lock` keeps a second process away; the lock of a process that ended is removed.
 *
 * @param path of the file. Its directory must exist, and only trusted users may write to it.
 */
export function fileLedger(path: string): RotatorLedger {
  const absolutePath = resolve(path);
  let content = EMPTY;
  let isOpen = false;
  let writing: Promise<unknown> = Promise.resolve();

  /** One write after the other, so that none overwrites a later one. `content` is always what the file has. */
  function write(change: (before: Content) => Content): Promise<void> {
    const done = writing.then(async () => {
      const next = change(content);
      await replaceFile(path, JSON.stringify(next));
      content = next;
    });
    writing = done.catch(() => undefined);
    return done;
  }

  return {
    async open() {
      if (openPaths.has(absolutePath))
        throw unusable(path, 'another rotator of this process uses it; give each rotator a ledger of its own');
      openPaths.add(absolutePath);
      try {
        await lock(path);
        content = await readContent(path).catch(async (error: unknown) => {
          await rm(lockOf(path), { force: true });
          throw error;
        });
        isOpen = true;
      } catch (error) {
        openPaths.delete(absolutePath);
        throw error;
      }
    },
    async close() {
      await writing;
      if (!isOpen) return;
      await rm(lockOf(path), { force: true });
      openPaths.delete(absolutePath);
      isOpen = false;
    },
    generation: (group) => content.generations[group] ?? 1,
    setGeneration: (group, generation) =>
      write((before) => ({ ...before, generations: { ...before.generations, [group]: generation } })),
    async read(): Promise<LedgerRecord | null> {
      await writing;
      const { ledger: text, version } = content;
      return text === null ? null : { kind: 'text', text, version: String(version), mustRewrite: false, warning: null };
    },
    async compareAndSet(version, text): Promise<WriteOutcome> {
      await writing;
      if (version !== (content.ledger === null ? null : String(content.version))) return 'conflict';
      await write((before) => ({ ...before, version: before.version + 1, ledger: text }));
      return 'applied';
    },
  };
}

function unusable(path: string, why: string): Error {
  return new Error(`the ledger ${quoted(path)} can't be used: ${why}`);
}

function lockOf(path: string): string {
  return `${path}.lock`;
}

/** Creates the lock file with the id of this process. It is linked, so that nobody reads a lock without an id. */
async function lock(path: string): Promise<void> {
  const own = `${lockOf(path)}.${process.pid}`;
  try {
    await writeFile(own, String(process.pid), { mode: 0o600 });
    while (!(await isLinked(own, lockOf(path)))) {
      const owner = Number(await readFile(lockOf(path), 'utf8').catch(() => ''));
      if (isAlive(owner)) throw new Error(`process ${owner} uses it; give each process a ledger of its own`);
      await rm(lockOf(path), { force: true });
    }
  } catch (error) {
    throw unusable(path, errorMessage(error));
  } finally {
    await rm(own, { force: true });
  }
}

async function isLinked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** In a container each process may have the same id: a lock with our own id is from an earlier run. */
function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isCode(error, 'ESRCH');
  }
}

async function readContent(path: string): Promise<Content> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return EMPTY;
    throw new Error(`the ledger ${quoted(path)} can't be read: ${errorMessage(error)}`);
  }
  const content = parse(text);
  if (content === null) {
    throw new Error(`the file ${quoted(path)} is not a ledger of a rotator; name another file, or delete this one`);
  }
  return content;
}

function parse(text: string): Content | null {
  try {
    const found: Partial<Content> | null = JSON.parse(text);
    const { format, version, ledger, generations } = found ?? {};
    if (format !== 1 || typeof version !== 'number' || typeof generations !== 'object') return null;
    if (ledger !== null && typeof ledger !== 'string') return null;
    return { format, version, ledger, generations };
  } catch {
    return null;
  }
}

/** The data is on the disk before the name is changed: after a loss of power, the file is the old or the new one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.new`;
  const file = await open(next, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, path);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
