import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** One release of Node for Linux on one architecture, as docker/plugin/node-digests.json pins it. Digests are SHA-256, in hex. */
export interface NodeRelease {
  readonly version: string;
  readonly arch: string;
  /** The address of its archive, `node-v26.10.0-linux-x64.tar.xz`. */
  readonly url: string;
  /** The digest of the archive, as in the release's SHASUMS256.txt. */
  readonly archive: string;
  /** The digest of `bin/node` in the archive. */
  readonly binary: string;
}

/** Where Node's project publishes its releases. */
const NODE_RELEASES = 'https://nodejs.org/dist/';
const PINNED = new URL('../node-digests.json', import.meta.url);

type Pinned = Readonly<Record<string, Readonly<Record<string, Pick<NodeRelease, 'archive' | 'binary'>>>>>;

/**
 * The pinned release.
 *
 * @param arch as Node names it: `x64` or `arm64`.
 * @throws if there are no digests of it, with what to do.
 */
export async function nodeRelease(version: string, arch: string): Promise<NodeRelease> {
  const pinned: Pinned = JSON.parse(await readFile(PINNED, 'utf8'));
  const digests = pinned[version]?.[arch];
  if (digests === undefined) {
    throw new Error(
      `docker/plugin/node-digests.json has no digests of Node ${version} for ${arch}: CONTRIBUTING.md says how to add them`,
    );
  }
  return { version, arch, ...digests, url: `${NODE_RELEASES}v${version}/node-v${version}-linux-${arch}.tar.xz` };
}

/** @throws if the file is not the release's `bin/node`, byte by byte. */
export async function verifyNode(file: string, { version, arch, binary }: NodeRelease): Promise<void> {
  const digest = await sha256(file);
  if (digest === binary) return;
  throw new Error(
    `${file} is not Node ${version} for ${arch}: its SHA-256 is ${digest}, and docker/plugin/node-digests.json has ${binary}`,
  );
}

/** The SHA-256 of a file's content, in hex. */
export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
