import type { Component } from './component.ts';
import { type NodeRelease, sha256 } from './node-release.ts';

/** A library that is built into Node. */
interface Part {
  /** Its usual name if Node uses another one; with `npm:` if it is an npm package. */
  readonly name: string;
  readonly license: string;
  /** Vendor and product in the National Vulnerability Database, if it has entries for it. */
  readonly cpe?: string;
}

/**
 * By the names of `process.versions`.
 * @see https://github.com/nodejs/node/blob/main/LICENSE
 */
const PARTS: Readonly<Record<string, Part>> = {
  acorn: { name: 'npm:acorn', license: 'MIT' },
  ada: { name: 'ada', license: 'Apache-2.0 OR MIT' },
  amaro: { name: 'npm:amaro', license: 'MIT' },
  ares: { name: 'c-ares', license: 'MIT', cpe: 'c-ares:c-ares' },
  brotli: { name: 'brotli', license: 'MIT', cpe: 'google:brotli' },
  icu: { name: 'icu', license: 'Unicode-3.0', cpe: 'unicode:international_components_for_unicode' },
  libffi: { name: 'libffi', license: 'MIT' },
  lief: { name: 'lief', license: 'Apache-2.0', cpe: 'lief-project:lief' },
  llhttp: { name: 'llhttp', license: 'MIT', cpe: 'llhttp:llhttp' },
  merve: { name: 'merve', license: 'MIT' },
  nbytes: { name: 'nbytes', license: 'MIT' },
  ncrypto: { name: 'ncrypto', license: 'MIT' },
  nghttp2: { name: 'nghttp2', license: 'MIT', cpe: 'nghttp2:nghttp2' },
  nghttp3: { name: 'nghttp3', license: 'MIT' },
  ngtcp2: { name: 'ngtcp2', license: 'MIT' },
  openssl: { name: 'openssl', license: 'Apache-2.0', cpe: 'openssl:openssl' },
  simdjson: { name: 'simdjson', license: 'Apache-2.0' },
  simdutf: { name: 'simdutf', license: 'MIT' },
  sqlite: { name: 'sqlite', license: 'blessing', cpe: 'sqlite:sqlite' },
  undici: { name: 'npm:undici', license: 'MIT', cpe: 'nodejs:undici' },
  uv: { name: 'libuv', license: 'MIT', cpe: 'libuv:libuv' },
  uvwasi: { name: 'uvwasi', license: 'MIT' },
  v8: { name: 'v8', license: 'BSD-3-Clause', cpe: 'google:v8' },
  zlib: { name: 'zlib', license: 'Zlib', cpe: 'zlib:zlib' },
  zstd: { name: 'zstd', license: 'BSD-3-Clause OR GPL-2.0-only', cpe: 'facebook:zstandard' },
};
/** The keys of `process.versions` that are no libraries: Node itself, versions of interfaces, and data. */
const NO_LIBRARIES = ['node', 'modules', 'napi', 'unicode', 'cldr', 'tz'];

/**
 * Node and the libraries that are built into it. The shipped file is the release's binary without symbols. The digest is that of
 * the shipped file; the release and its digest are named as its source.
 *
 * @param shipped the Node binary in the plugin's root file system.
 * @param versions `process.versions` of that Node.
 * @throws if Node has a library that is not known here.
 */
export async function nodeComponent(
  { version, arch, url, archive, binary }: NodeRelease,
  shipped: string,
  versions: NodeJS.ProcessVersions,
): Promise<Component> {
  const parts = Object.entries(versions).flatMap(([name, of]) =>
    NO_LIBRARIES.includes(name) || of === undefined || of === '' ? [] : [partOf(name, of)],
  );
  const purl = `pkg:generic/node@${version}?arch=${arch}`;
  return {
    type: 'platform',
    name: 'node',
    version,
    'bom-ref': `node@${version}`,
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:-:*:*:*`,
    purl,
    hashes: [{ alg: 'SHA-256', content: await sha256(shipped) }],
    licenses: [{ license: { id: 'MIT' } }],
    externalReferences: [{ type: 'distribution', url, hashes: [{ alg: 'SHA-256', content: archive }] }],
    pedigree: {
      ancestors: [{ type: 'file', name: 'bin/node', version, hashes: [{ alg: 'SHA-256', content: binary }] }],
      notes: "Made from the release's binary by removing the symbols and debug information at its end.",
    },
    components: parts,
  };
}

function partOf(key: string, version: string): Component {
  const part = PARTS[key];
  if (part === undefined) throw new Error(`Node has ${key} ${version} in it: add it to ${import.meta.filename}`);
  const [, npm, name = ''] = /^(npm:)?(.*)$/.exec(part.name) ?? [];
  // A suffix names patches, which are not in lists of vulnerabilities.
  const [numbers] = /^\d+(\.\d+)*/.exec(version) ?? [version];
  return {
    type: 'library',
    name,
    version,
    'bom-ref': `node:${name}@${version}`,
    ...(part.cpe === undefined ? {} : { cpe: `cpe:2.3:a:${part.cpe}:${numbers}:*:*:*:*:*:*:*` }),
    purl: `pkg:${npm === undefined ? 'generic' : 'npm'}/${name}@${version}`,
    licenses: [part.license.includes(' OR ') ? { expression: part.license } : { license: { id: part.license } }],
  };
}
