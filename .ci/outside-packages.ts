import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, realpath, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(import.meta.dirname, '..');
const run = promisify(execFile);

/** Packages as they would be published, installed where a program outside of the workspace finds them. */
export class OutsidePackages {
  /** The program's directory. */
  readonly path: string;
  readonly #tarballs: string;

  /** @param directory for the tarballs and the program. */
  constructor(directory: string, program = 'outside') {
    this.#tarballs = directory;
    this.path = join(directory, program);
  }

  /**
   * Builds and packs the packages, and installs them with links to the libraries that they depend on, and Node's types.
   *
   * @param packages directories below `packages`, such as `core/kernel`.
   */
  async install(packages: readonly string[]): Promise<void> {
    await run(join(root, 'node_modules/.bin/tsc'), ['-b', ...packages.map((path) => `packages/${path}`)], {
      cwd: root,
    });
    const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    const filters = packages.flatMap((path) => ['--filter', `./packages/${path}`]);
    const pack = ['pack', '--pm-on-fail=ignore', '--pack-destination', this.#tarballs];
    await run('npx', ['--yes', '--prefer-offline', packageManager, '--recursive', ...filters, ...pack], { cwd: root });
    await mkdir(join(this.path, 'node_modules/@types'), { recursive: true });
    for (const path of packages) await this.#install(path);
    await symlink(await realpath(join(root, 'node_modules/@types/node')), join(this.path, 'node_modules/@types/node'));
  }

  /** A file of an installed package. */
  file(path: string, name: string): string {
    return join(this.path, 'node_modules/@vault-swarm', packageName(path), name);
  }

  async tarball(path: string): Promise<string> {
    const names = await readdir(this.#tarballs);
    return join(
      this.#tarballs,
      names.find((name) => name.startsWith(`vault-swarm-${packageName(path)}-0`)) ?? 'missing',
    );
  }

  async #install(path: string): Promise<void> {
    const target = this.file(path, '');
    await mkdir(target, { recursive: true });
    await run('tar', ['-xzf', await this.tarball(path), '-C', target, '--strip-components=1']);
    const { dependencies = {}, peerDependencies = {} } = JSON.parse(
      await readFile(this.file(path, 'package.json'), 'utf8'),
    );
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
      const link = join(this.path, 'node_modules', name);
      if (name.startsWith('@vault-swarm/') || existsSync(link)) continue;
      await mkdir(dirname(link), { recursive: true });
      await symlink(await realpath(join(root, 'packages', path, 'node_modules', name)), link);
    }
  }
}

/** The name of a package without its scope: `kernel` for `core/kernel`. */
export function packageName(path: string): string {
  return path.replace(/^.*\//, '');
}
