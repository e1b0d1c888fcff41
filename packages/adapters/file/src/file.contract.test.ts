import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringifyLosslessJson } from '@vault-swarm/provider';
import { describeProviderContract } from '@vault-swarm/provider-contract';
import { createFileProvider } from './index.ts';

/** How somebody changes the files of a directory. */
interface Writing {
  put(file: string, content: string | Uint8Array): Promise<void>;
  remove(file: string): Promise<void>;
}

function inPlace(directory: string): Writing {
  return {
    put: (file, content) => writeFile(join(directory, file), content),
    remove: (file) => rm(join(directory, file)),
  };
}

function byMoving(directory: string): Writing {
  return {
    async put(file, content) {
      await writeFile(`${directory}-new`, content);
      await rename(`${directory}-new`, join(directory, file));
    },
    remove: (file) => rm(join(directory, file)),
  };
}

/** All files in a directory of their own, to which the link `..data` is turned, as Kubernetes mounts secrets. */
function bySwappingDirectories(directory: string): Writing {
  const contents = new Map<string, string | Uint8Array>();
  let turn = 0;
  async function publish(): Promise<void> {
    const next = `..${++turn}`;
    await mkdir(join(directory, next));
    for (const [file, content] of contents) await writeFile(join(directory, next, file), content);
    await symlink(next, join(directory, '..data_tmp'));
    await rename(join(directory, '..data_tmp'), join(directory, '..data'));
    await rm(join(directory, `..${turn - 1}`), { recursive: true, force: true });
  }
  return {
    async put(file, content) {
      const isNew = !contents.has(file);
      contents.set(file, content);
      await publish();
      if (isNew) await symlink(join('..data', file), join(directory, file));
    },
    async remove(file) {
      contents.delete(file);
      await rm(join(directory, file));
      await publish();
    },
  };
}

const variants = [
  ['files moved into place, JSON', 'json', byMoving],
  ['files written in place, YAML', 'yaml', inPlace],
  ['directories swapped as in Kubernetes, YAML', 'yml', bySwappingDirectories],
] as const;

for (const [description, extension, writing] of variants) {
  describeProviderContract(`file (${description})`, {
    capabilities: {
      bytes: true,
      outage: true,
      denial: true,
      exactNumbers: true,
      digestRevisions: true,
      markers: true,
      hints: true,
      pins: 'a file has no old versions',
      oldRevisions: 'a file has no old versions',
      order: 'a file has no replicas, and a restored one may have an older time',
      hang: 'a local file system answers or fails',
      drip: 'a local file system answers or fails',
      login: 'files need no login',
      throttling: 'a file system does not count reads',
      withdrawal: 'a file is there or not',
      hold: 'a local file system answers or fails',
      locations: 'the path is the whole location',
      checksum: 'a file has none',
      createdAt: "a file's times tell when it was touched or moved, not when its content was made",
    },
    setUp: async () => {
      const parent = await mkdtemp(join(tmpdir(), 'file-contract-'));
      const directory = join(parent, 'secrets');
      await mkdir(directory);
      await chmod(parent, 0o755);
      const { put, remove } = writing(directory);
      const withFields = new Set<string>();
      const file = (name: string) => (withFields.has(name) ? `${name}.${extension}` : name);
      return {
        largestValueBytes: 499 * 1024,
        open: async (tools) => createFileProvider({ directory }, tools),
        async write(name, payload) {
          if ('fields' in payload) withFields.add(name);
          await put(file(name), 'text' in payload ? payload.text : stringifyLosslessJson(payload.fields));
        },
        delete: (name) => remove(file(name)),
        ref: (name, options) => ({ provider: 'file', location: { path: file(name) }, encoding: 'raw', ...options }),
        tearDown: () => rm(parent, { recursive: true }),
        bytes: { write: put },
        outage: {
          start: () => rename(directory, `${directory}-away`),
          end: () => rename(`${directory}-away`, directory),
        },
        denial: {
          // Root may read everything: for it to be refused, it must be nobody for a while.
          async start(name) {
            await chmod(join(directory, file(name)), 0o000);
            if (process.getuid?.() === 0) process.seteuid?.(65_534);
          },
          async end(name) {
            if (process.getuid?.() === 0) process.seteuid?.(0);
            await chmod(join(directory, file(name)), 0o644);
          },
        },
      };
    },
  });
}
