import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { type ReadFile, UnusableFile, withoutByteOrderMark } from '@vault-swarm/provider';

/** No credential, certificate or configuration is longer. */
const MAX_BYTES = 1024 * 1024;
/** The path that stands for "no file". Reading it ends at once. */
const NOTHING = '/dev/null';
/** Opening a named pipe or device must not block, and a terminal must not become ours. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Reads a regular file of at most 1 MiB as UTF-8, without a byte order mark. Follows symbolic links and never waits
 * for a writer. The bytes are overwritten after decoding. `/dev/null` is an empty file.
 *
 * @throws {UnusableFile} if the path is a named pipe, device, socket or directory, or the file is larger.
 */
export const readRegularFile: ReadFile = (path) => {
  if (path === NOTHING) return '';
  // A device is not opened, because opening alone can have an effect.
  refuseUnlessRegular(statSync(path));
  const descriptor = openSync(path, FLAGS);
  try {
    const stats = fstatSync(descriptor);
    refuseUnlessRegular(stats);
    // One byte more than the size, to detect a file that grows. Files of /proc report size 0.
    const bytes = Buffer.alloc(stats.size === 0 ? MAX_BYTES + 1 : Math.min(stats.size, MAX_BYTES) + 1);
    const length = fill(bytes, descriptor);
    if (length > MAX_BYTES) throw new UnusableFile(`has more than ${MAX_BYTES} bytes`);
    const text = bytes.toString('utf8', 0, length);
    bytes.fill(0);
    return withoutByteOrderMark(text);
  } finally {
    closeSync(descriptor);
  }
};

function fill(bytes: Buffer, descriptor: number): number {
  let length = 0;
  while (length < bytes.length) {
    const read = readSync(descriptor, bytes, length, bytes.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return length;
}

function refuseUnlessRegular(stats: Stats): void {
  if (stats.isFile()) return;
  const kind = stats.isDirectory() ? 'directory' : stats.isFIFO() ? 'named pipe' : 'device or socket';
  throw new UnusableFile(`is a ${kind}, not a regular file`);
}
