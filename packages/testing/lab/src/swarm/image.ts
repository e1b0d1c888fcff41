import { copyFile, mkdir, open, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findCommand, runOrThrow } from '../process/command.ts';
import type { Engine } from './engine.ts';

/** The image of test services: only busybox. Its command runs until it is stopped, and stops at once. */
export const labImage = 'vault-swarm-lab:1';

const command = ['/bin/sh', '-c', 'trap "exit 0" TERM INT; while :; do sleep 3600 & wait $!; done'];

/** Creates {@link labImage} in an engine, without a registry. */
export async function importImage(engine: Engine): Promise<string> {
  const busybox = findCommand('busybox');
  if (busybox === undefined || !(await isStatic(busybox))) {
    throw new Error(
      'no statically linked busybox on this machine; on Debian and Ubuntu: apt-get install busybox-static',
    );
  }
  const root = join(engine.dir, 'image');
  await rm(root, { recursive: true, force: true });
  for (const directory of ['bin', 'etc', 'tmp', 'run']) await mkdir(join(root, directory), { recursive: true });
  await copyFile(busybox, join(root, 'bin/busybox'));
  for (const applet of (await runOrThrow(busybox, ['--list'])).split('\n')) {
    if (applet !== '' && applet !== 'busybox') await symlink('busybox', join(root, 'bin', applet));
  }
  const archive = `${root}.tar`;
  await runOrThrow('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', root, '-cf', archive, '.']);
  await engine.dockerBytes('import', '--change', `CMD ${JSON.stringify(command)}`, archive, labImage);
  await rm(root, { recursive: true });
  await rm(archive);
  return labImage;
}

/** Creates an image with a program of this machine, as its entry point, and a shell. */
export async function importProgramImage(
  engine: Engine,
  { name, program }: { readonly name: string; readonly program: 'curl' | 'openssl' },
): Promise<void> {
  const found = findCommand(program);
  const busybox = findCommand('busybox');
  if (found === undefined || busybox === undefined) {
    throw new Error(
      `no ${program} or busybox on this machine; on Debian and Ubuntu: apt-get install ${program} busybox-static`,
    );
  }
  const root = join(engine.dir, `${program}-image`);
  const libraries = (await runOrThrow('ldd', [found])).match(/\/\S+/g) ?? [];
  for (const library of libraries) {
    await mkdir(join(root, dirname(library)), { recursive: true });
    await copyFile(library, join(root, library));
  }
  await mkdir(join(root, 'bin'), { recursive: true });
  await copyFile(found, join(root, 'bin', program));
  await copyFile(busybox, join(root, 'bin/busybox'));
  for (const applet of ['sh', 'sleep', 'nc']) await symlink('busybox', join(root, 'bin', applet));
  await runOrThrow('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', root, '-cf', `${root}.tar`, '.']);
  await engine.dockerBytes('import', '--change', `ENTRYPOINT ["/bin/${program}"]`, `${root}.tar`, name);
  await rm(root, { recursive: true });
  await rm(`${root}.tar`);
}

/** Whether a program is statically linked: the image has no loader, whose name would be near the start of the file. */
async function isStatic(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
    return !buffer.subarray(0, bytesRead).includes('/ld-');
  } finally {
    await handle.close();
  }
}
