import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder of the box that this process runs in (see box/box.mjs).
 *
 * @throws outside of a box: an engine is only started in one, so that it can't touch another and leaves nothing behind.
 */
export function boxFolder(): string {
  const folder = process.env.VAULT_SWARM_BOX;
  if (folder === undefined || folder === '') {
    throw new Error('not in a box; run it with: node packages/testing/lab/sandbox/run.mjs COMMAND …');
  }
  return folder;
}

/** A new empty folder with a short path, and how to remove it. In a box it goes with the box at the latest. */
export interface TempFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** Makes a folder for one test file or demo. Works outside of a box too. */
export function tempFolder(): TempFolder {
  const path = mkdtempSync(join(process.env.VAULT_SWARM_BOX || tmpdir(), 't-'));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}
