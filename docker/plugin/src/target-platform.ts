import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type NodeRelease, nodeRelease, verifyNode } from './node-release.ts';
import { type Library, librariesIn, sharedLibraries } from './shared-libraries.ts';

const run = promisify(execFile);

/** The C library's name of each machine, as Debian's directories and packages have it. */
const TRIPLETS = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' } as const;
const DEBIAN_NAMES = { x64: 'amd64', arm64: 'arm64' } as const;

/** The parts that depend on the target machine. */
export interface TargetPlatform {
  /** As Node calls it. */
  readonly arch: string;
  /** The Node binary of the release, with symbols. */
  readonly node: string;
  readonly nodeRelease: NodeRelease;
  readonly nodeLicense: string;
  readonly libraries: readonly Library[];
}

/** The target machine, and the sources. */
export interface PlatformOptions {
  /** As Docker writes it: `linux/amd64` or `linux/arm64`; this machine's if not given. */
  readonly platform: string | undefined;
  /** A directory with that machine's C and C++ libraries; Debian's cross packages' if not given. */
  readonly libraries: string | undefined;
  /** The repository's directory. */
  readonly root: string;
  /** A directory for downloads. */
  readonly work: string;
}

/**
 * Node and its libraries for the target. For this machine, these are the pinned Node and the libraries that its loader finds. For
 * another one, Node comes from the npm registry, as the lockfile pins it.
 *
 * @throws if a part is missing, with advice; and if Node is not the one that docker/plugin/node-digests.json pins.
 */
export async function targetPlatform({ platform, libraries, root, work }: PlatformOptions): Promise<TargetPlatform> {
  const arch =
    platform === undefined ? process.arch : /^linux\/(amd64|arm64)$/.exec(platform)?.[1]?.replace('amd64', 'x64');
  if (arch !== 'x64' && arch !== 'arm64') throw new Error(`--platform ${platform} is not linux/amd64 or linux/arm64`);
  const isOwn = arch === process.arch;
  const node = isOwn ? process.execPath : await fetchNode(arch, root, work);
  const release = await nodeRelease(process.version.slice(1), arch);
  await verifyNode(node, release);
  const nodeLicense = await readFile(join(dirname(node), '../LICENSE'), 'utf8');
  const common = { arch, node, nodeRelease: release, nodeLicense };
  if (isOwn && libraries === undefined) return { ...common, libraries: await sharedLibraries(node) };
  const directory = libraries ?? `/usr/${TRIPLETS[arch]}/lib`;
  try {
    return { ...common, libraries: await librariesIn(directory, node, `/lib/${TRIPLETS[arch]}`) };
  } catch (error) {
    const debian = ['libc6', 'libstdc++6', 'libatomic1'].map((name) => `${name}-${DEBIAN_NAMES[arch]}-cross`).join(' ');
    const advice = `install Debian's ${debian}, or name a directory with --libraries`;
    throw new Error(`the libraries of ${arch} are not in ${directory}: ${advice}`, { cause: error });
  }
}

async function fetchNode(arch: string, root: string, work: string): Promise<string> {
  const name = `node-linux-${arch}`;
  const { optionalDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    readonly optionalDependencies: Readonly<Record<string, string>>;
  };
  const wanted = `${name}@${optionalDependencies[name]}`;
  const lockfile = await readFile(join(root, 'pnpm-lock.yaml'), 'utf8');
  const [, integrity] =
    new RegExp(`^ {2}${wanted}:\\n {4}resolution: \\{integrity: (sha512-[^}]+)\\}`, 'm').exec(lockfile) ?? [];
  const directory = join(work, name);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const { stdout } = await run('npm', [
    'pack',
    '--silent',
    '--prefer-offline',
    '--pack-destination',
    directory,
    wanted,
  ]);
  const archive = join(directory, basename(stdout.trim()));
  const digest = createHash('sha512')
    .update(await readFile(archive))
    .digest('base64');
  if (integrity !== `sha512-${digest}`) throw new Error(`${wanted} is not what the lockfile pins`);
  await run('tar', ['-xzf', archive, '-C', directory, 'package/bin/node', 'package/LICENSE']);
  return join(directory, 'package/bin/node');
}
