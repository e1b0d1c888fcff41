import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCommand, run, runOrThrow } from '../process/command.ts';

/**
 * Downloads the one Python package that `requirements` (a file of ../python) pins with its checksums, and unpacks it into
 * `directory`. Executable bits are lost.
 */
export async function unpackWheel(requirements: string, directory: string): Promise<void> {
  const python = await pythonWithPip();
  await runOrThrow(python, ['-m', 'pip', 'download', ...pinned(requirements), '--dest', directory], {
    timeoutMs: 10 * 60_000,
  });
  const wheel = (await readdir(directory)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip downloaded nothing');
  await runOrThrow(python, ['-m', 'zipfile', '--extract', join(directory, wheel), directory], { timeoutMs: 120_000 });
}

/**
 * Installs the Python packages that `requirements` (a file of ../python) pins with checksums into `directory`. Programs load
 * them through PYTHONPATH; the system's Python is not changed.
 */
export async function installWheels(requirements: string, directory: string): Promise<void> {
  const python = await pythonWithPip();
  await runOrThrow(python, ['-m', 'pip', 'install', ...pinned(requirements), '--no-compile', '--target', directory], {
    timeoutMs: 10 * 60_000,
  });
}

function pinned(requirements: string): readonly string[] {
  const file = fileURLToPath(new URL(`../../python/${requirements}`, import.meta.url));
  const flags = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:', '--require-hashes'];
  return [...flags, '--requirement', file];
}

/** Finds a Python with pip. Throws if there is none; the message says how to install one. */
export async function pythonWithPip(): Promise<string> {
  for (const python of [findCommand('python3'), '/usr/bin/python3']) {
    if (python === undefined || !existsSync(python)) continue;
    if ((await run(python, ['-m', 'pip', '--version'])).code === 0) return python;
  }
  throw new Error(
    'no Python with pip, which downloads what the tests need; on Debian and Ubuntu: apt-get install python3-pip',
  );
}
