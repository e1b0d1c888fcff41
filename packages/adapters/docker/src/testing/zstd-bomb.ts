import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { constants, createZstdCompress } from 'node:zlib';

/** A ledger's label that decompresses to so many MiB of zeros: a gibibyte takes some 40 kB. */
export async function zstdBomb(mebibytes: number, windowLog = 24): Promise<string> {
  const mebibyte = Buffer.alloc(1024 * 1024);
  const zeros = Readable.from(Array.from({ length: mebibytes }, () => mebibyte));
  const params = { [constants.ZSTD_c_compressionLevel]: 9, [constants.ZSTD_c_windowLog]: windowLog };
  return `zstd:${(await buffer(zeros.pipe(createZstdCompress({ params })))).toString('base64')}`;
}
