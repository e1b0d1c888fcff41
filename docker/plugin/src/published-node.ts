import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type NodeRelease, sha256 } from './node-release.ts';

/** The release could not be downloaded, so it was not compared. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

const TEXT_DEADLINE_MS = 20_000;
const ARCHIVE_DEADLINE_MS = 300_000;
/** The archive of Node 26 has 30 MB. */
const MAX_ARCHIVE_BYTES = 200 * 1024 * 1024;

/**
 * Compares a pinned release with the published one: the archive's digest with SHASUMS256.txt and with the archive, and the digest
 * of the binary with the archive's `bin/node`. Signatures are not checked: CONTRIBUTING.md says how to do that.
 *
 * @throws {Unreachable} if a download failed; Error if a digest differs.
 */
export async function comparePublished(release: NodeRelease): Promise<void> {
  const { url, archive, binary } = release;
  const name = basename(url);
  const listed = listedIn(await sums(new URL('SHASUMS256.txt', url).href), name);
  if (listed !== archive)
    throw new Error(`SHASUMS256.txt has ${listed ?? 'nothing'} for ${name}, and ${archive} is pinned`);
  const directory = await mkdtemp(join(tmpdir(), 'node-release-'));
  try {
    const file = join(directory, name);
    await download(url, file);
    const digest = await sha256(file);
    if (digest !== archive) throw new Error(`${url} has the SHA-256 ${digest}, and SHASUMS256.txt has ${archive}`);
    const inside = await digestInside(file, `${name.replace('.tar.xz', '')}/bin/node`);
    if (inside !== binary) throw new Error(`bin/node in ${url} has the SHA-256 ${inside}, and ${binary} is pinned`);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function sums(url: string): Promise<string> {
  return (await get(url, TEXT_DEADLINE_MS)).text();
}

function listedIn(text: string, name: string): string | undefined {
  const line = text.split('\n').find((candidate) => candidate.endsWith(`  ${name}`));
  return line?.split(' ')[0];
}

async function download(url: string, file: string): Promise<void> {
  const { body } = await get(url, ARCHIVE_DEADLINE_MS);
  if (body === null) throw new Unreachable(`${url} is empty`);
  let bytes = 0;
  try {
    await pipeline(
      Readable.fromWeb(body),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          bytes += chunk.length;
          if (bytes > MAX_ARCHIVE_BYTES) throw new Error(`it has more than ${MAX_ARCHIVE_BYTES} bytes`);
          yield chunk;
        }
      },
      createWriteStream(file),
    );
  } catch (error) {
    throw new Unreachable(`${url}: ${reasonOf(error)}`);
  }
}

async function get(url: string, deadlineMs: number): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(deadlineMs) });
  } catch (error) {
    throw new Unreachable(`${url}: ${reasonOf(error)}`);
  }
  if (!response.ok) throw new Unreachable(`${url} answers ${response.status}`);
  return response;
}

/** The SHA-256 of a file in an archive, without writing the file. */
async function digestInside(archive: string, path: string): Promise<string> {
  const tar = spawn('tar', ['--extract', '--xz', '--to-stdout', '--file', archive, path], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const hash = createHash('sha256');
  let said = '';
  tar.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const ended = new Promise<number | null>((resolve, reject) => tar.once('error', reject).once('close', resolve));
  await Promise.all([pipeline(tar.stdout, hash), ended]);
  if ((await ended) !== 0) throw new Error(`tar can't take ${path} from ${archive}: ${said.trim()}`);
  return hash.digest('hex');
}

/** The reason why fetch failed is in the cause of its error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
