import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The number and total size of files. */
export interface Size {
  readonly files: number;
  readonly bytes: number;
}

/** The size of a file, or of all files in a directory. */
export async function sizeOf(path: string): Promise<Size> {
  const own = await stat(path);
  if (!own.isDirectory()) return { files: 1, bytes: own.size };
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
