import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OwnFile } from '@vault-swarm/provider';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type InspectedPath, inspectPath } from './inspect-path.ts';
import { ownFileOpened, ownFileProblem } from './own-files.ts';

let base: string;
const at = (path: string) => join(base, path);
const credential = (path: string): OwnFile => ({ variable: 'VAULT_TOKEN_FILE', path, kind: 'credential' });
const directory = (path: string): OwnFile => ({ variable: 'DOCKER_CERT_PATH', path, kind: 'directory' });
const problem = (secrets: string, own: OwnFile) => ownFileProblem(secrets, [own], inspectPath);

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'own-files-'));
  for (const name of ['secrets/app', 'credentials/below']) mkdirSync(at(name), { recursive: true });
  for (const name of ['secrets/token', 'secrets/app/token', 'credentials/token']) writeFileSync(at(name), 'x');
});
afterEach(() => rmSync(base, { recursive: true }));

describe('a directory of secrets', () => {
  test('is refused with a credential in it or below it, and named with the variable', () => {
    for (const path of [at('secrets/token'), at('secrets/app/token'), at('secrets/app/not-there-yet')]) {
      expect(problem(at('secrets'), credential(path))).toBe(
        `"${at('secrets')}" contains the file or directory of VAULT_TOKEN_FILE ("${path}"), and labels could deliver it; move one of them`,
      );
    }
  });

  test('may be beside the credentials', () => {
    expect(problem(at('secrets'), credential(at('credentials/token')))).toBeNull();
    expect(problem(at('credentials/below'), credential(at('credentials/token')))).toBeNull();
    expect(problem(at('secrets'), credential(at('secrets-of-others/token')))).toBeNull();
  });

  test('is refused as, above or below a directory of credentials', () => {
    expect(problem(at('credentials'), directory(at('credentials')))).toContain(
      'contains the file or directory of DOCKER_CERT_PATH',
    );
    expect(problem(base, directory(at('credentials')))).toContain('contains the file or directory of DOCKER_CERT_PATH');
    expect(problem(at('credentials/below'), directory(at('credentials')))).toContain(
      'is in the directory of DOCKER_CERT_PATH',
    );
    expect(problem(at('credentials/not-there-yet'), directory(at('credentials')))).toContain('is in the directory of');
    expect(problem(at('secrets'), directory(at('credentials')))).toBeNull();
  });

  test('is followed through links, and so is the credential', () => {
    symlinkSync(at('secrets'), at('link'));
    symlinkSync(at('secrets/token'), at('credentials/link'));
    expect(problem(at('link'), credential(at('secrets/token')))).not.toBeNull();
    expect(problem(at('secrets'), credential(at('link/token')))).not.toBeNull();
    expect(problem(at('secrets'), credential(at('credentials/link')))).not.toBeNull();
    symlinkSync(at('credentials/token'), at('secrets/link-out'));
    expect(problem(at('secrets'), credential(at('secrets/link-out')))).not.toBeNull();
    expect(problem(`${at('credentials')}/../secrets/./`, credential(at('secrets/token')))).not.toBeNull();
  });

  test('is known by its device and inode under another name, as by a bind mount', () => {
    const step = (inode: bigint) => ({ device: 7n, inode, mode: 0o755 });
    const paths: Readonly<Record<string, InspectedPath>> = {
      '/run/secrets/token': { realPath: '/run/secrets/token', steps: [2n, 5n, 9n].map(step), target: step(9n) },
      '/mnt/bound': { realPath: '/mnt/bound', steps: [2n, 3n, 5n].map(step), target: step(5n) },
      '/mnt/other': { realPath: '/mnt/other', steps: [2n, 3n, 6n].map(step), target: step(6n) },
    };
    const inspect = (path: string) => paths[path] ?? { realPath: path, steps: [], target: null };
    expect(ownFileProblem('/mnt/bound', [credential('/run/secrets/token')], inspect)).toContain('VAULT_TOKEN_FILE');
    expect(ownFileProblem('/mnt/other', [credential('/run/secrets/token')], inspect)).toBeNull();
  });

  test('is not the root, nor in /proc', () => {
    expect(problem('/', credential(at('secrets/token')))).not.toBeNull();
    expect(problem('/proc/self', credential(at('secrets/token')))).toContain('/proc');
    expect(problem('/process', credential(at('secrets/token')))).toBeNull();
  });
});

describe('an opened file', () => {
  const opened = (path: string) => inspectPath(at(path));

  test('is one of ours by its name, as a hard link, and below a directory of ours', () => {
    linkSync(at('credentials/token'), at('secrets/app/innocent'));
    const own = [credential(at('credentials/token')), directory(at('credentials/below'))];
    writeFileSync(at('credentials/below/key.pem'), 'x');
    const ownFor = (path: string) => ownFileOpened(opened(path), own, inspectPath)?.variable;
    expect(ownFor('credentials/token')).toBe('VAULT_TOKEN_FILE');
    expect(ownFor('secrets/app/innocent')).toBe('VAULT_TOKEN_FILE');
    expect(ownFor('credentials/below/key.pem')).toBe('DOCKER_CERT_PATH');
    expect(ownFor('secrets/app/token')).toBeUndefined();
  });
});
