import { execFile } from 'node:child_process';
import { readFile, realpath } from 'node:fs/promises';
import { parseEnv, promisify } from 'node:util';

/** A package of Debian or a distribution based on it. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** Its package URL, with the distribution and the source package. */
  readonly purl: string;
}

const FIELDS = ['Package', 'Version', 'Architecture', 'source:Package'] as const;

/**
 * The installed package of a file; `null` if there is none, or no dpkg.
 * @see https://github.com/package-url/purl-spec
 */
export async function packageOf(file: string): Promise<DebianPackage | null> {
  const name = await ownerOf(file);
  if (name === null) return null;
  const format = FIELDS.map((field) => `\${${field}}`).join('\\t');
  const shown = (await query('--show', `--showformat=${format}`, name)) ?? '';
  const [own, version, arch, source] = shown.split('\t');
  if (own === undefined || version === undefined || arch === undefined || source === undefined) return null;
  const { ID = 'debian', VERSION_ID = '' } = parseEnv(await readFile('/etc/os-release', 'utf8'));
  const distro = VERSION_ID === '' ? ID : `${ID}-${VERSION_ID}`;
  const qualifiers = `arch=${arch}&distro=${encoded(distro)}&upstream=${encoded(source)}`;
  return { name: own, version, purl: `pkg:deb/${ID}/${encoded(own)}@${encoded(version)}?${qualifiers}` };
}

/** dpkg knows a file only by the name under which it was installed, and `/lib` may since be a link to `/usr/lib`. */
async function ownerOf(file: string): Promise<string | null> {
  const real = await realpath(file);
  for (const path of new Set([file, real, real.replace(/^\/usr\//, '/'), file.replace(/^(\/usr)?\//, '/usr/')])) {
    const [, name] = /^([a-z0-9][^:,\s]*(?::[a-z0-9]+)?): /m.exec((await query('--search', path)) ?? '') ?? [];
    if (name !== undefined) return name;
  }
  return null;
}

async function query(...args: readonly string[]): Promise<string | null> {
  try {
    return (await promisify(execFile)('dpkg-query', args)).stdout;
  } catch {
    return null;
  }
}

function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll('%3A', ':');
}
