import { chmod, copyFile, lutimes, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withoutSymbols } from './elf.ts';
import { HOME } from './plugin-config.ts';
import type { Library } from './shared-libraries.ts';

/** All files have this time, so that the same sources give the same bytes. */
const TIME = new Date('2000-01-01T00:00:00Z');

/** The bundle's directory of compiled code. It has one directory for each version of Node and kind of machine. */
const COMPILE_CACHE = 'compile-cache';

/** Mount points. They must exist in a read-only root file system. */
const MOUNT_POINTS = ['dev', 'proc', 'sys', 'tmp', 'etc', 'run/docker/plugins', 'run/vault-swarm', 'var/run'];

/** The parts of a root file system. */
export interface RootFileSystemParts {
  /** The bundled plugin's directory. */
  readonly bundle: string;
  /** Of the machine that it is for, as Node calls it. */
  readonly arch: string;
  /** The Node binary. */
  readonly node: string;
  /** Its loader and libraries, with their paths. */
  readonly libraries: readonly Library[];
  readonly notices: string;
}

/** Creates the root file system in an empty directory, without a shell, package manager or symbolic link. */
export async function makeRootFileSystem(root: string, parts: RootFileSystemParts): Promise<void> {
  for (const directory of MOUNT_POINTS) await mkdir(join(root, directory), { recursive: true });
  await put(root, '/bin/node', withoutSymbols(await readFile(parts.node)), 0o755);
  for (const { path, file } of parts.libraries) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    // Copies the target of a link.
    await copyFile(file, join(root, path));
    await chmod(join(root, path), 0o755);
  }
  await copyBundle(parts, root, '.');
  await put(root, `${HOME}/package.json`, '{ "type": "module" }\n');
  await put(root, `${HOME}/THIRD-PARTY-NOTICES.txt`, parts.notices);
  // Without it, glibc reads the hosts file only if there is no DNS server.
  await put(root, '/etc/nsswitch.conf', 'hosts: files dns\n');
  await settle(root);
}

/** Copies the code, the compiled code for that machine, and the dashboard, without source maps. */
async function copyBundle(parts: RootFileSystemParts, root: string, directory: string): Promise<void> {
  const { bundle, arch } = parts;
  for (const entry of await readdir(join(bundle, directory), { withFileTypes: true })) {
    const path = join(directory, entry.name);
    const isOfOther = directory === COMPILE_CACHE && !entry.name.includes(`-${arch}-`);
    const isLeftOut = isOfOther || ['types', 'node_modules'].includes(entry.name);
    if (entry.isDirectory() && !isLeftOut) await copyBundle(parts, root, path);
    if (!entry.isFile() || /\.(map|tsbuildinfo)$/.test(path) || path === 'metafile.json') continue;
    await put(root, join(HOME, path), await readFile(join(bundle, path)));
  }
}

async function put(root: string, path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
  await chmod(join(root, path), mode);
}

/** Sets the mode of directories, whatever the umask is, and the time of all files; first the content of a directory. */
export async function settle(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await settle(path);
    else await lutimes(path, TIME, TIME);
  }
  await chmod(directory, 0o755);
  await lutimes(directory, TIME, TIME);
}
