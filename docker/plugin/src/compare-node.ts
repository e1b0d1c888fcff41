// Compares the digests of docker/plugin/node-digests.json with what Node's project publishes. Exit codes: 0 if they
// are equal, 1 if not, 3 if the project's server was not reached.
import { readFile } from 'node:fs/promises';
import { nodeRelease } from './node-release.ts';
import { comparePublished, Unreachable } from './published-node.ts';

const manifest = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

try {
  for (const arch of ['x64', 'arm64']) {
    const release = await nodeRelease(manifest.optionalDependencies[`node-linux-${arch}`] ?? '', arch);
    await comparePublished(release);
    process.stdout.write(`Node ${release.version} for ${arch} is the one that is published\n`);
  }
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof Unreachable ? 3 : 1;
}
