import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The directory of the sandbox that this process runs in (see sandbox/sandbox.mjs).
 *
 * @throws outside of a sandbox. An engine starts only in a sandbox, so that it can't affect other engines and leaves nothing behind.
 */
export function sandboxDirectory(): string {
  const directory = process.env.VAULT_SWARM_SANDBOX;
  if (directory === undefined || directory === '') {
    throw new Error('not in a sandbox; run it with: node packages/testing/lab/sandbox/run.mjs COMMAND …');
  }
  return directory;
}

/** A new empty directory with a short path. In a sandbox it is removed with the sandbox at the latest. */
export interface TempDirectory {
  readonly path: string;
  remove(): Promise<void>;
}

/** Creates a directory for one test file or demo. Works outside of a sandbox too. */
export function tempDirectory(): TempDirectory {
  const path = mkdtempSync(join(process.env.VAULT_SWARM_SANDBOX || tmpdir(), 't-'));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}
