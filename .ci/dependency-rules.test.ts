import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { afterEach, beforeEach, expect, test } from 'vitest';
import config from '../.dependency-cruiser.cjs';

/** For each rule, the smallest repository that breaks it. */
const violations: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'core-knows-nobody': {
    'packages/core/rotation/src/a.ts': "import { b } from '../../../adapters/docker/src/b.ts';\nexport const a = b;",
    'packages/adapters/docker/src/b.ts': 'export const b = 1;',
  },
  'core-has-no-dependency': {
    'packages/core/rotation/src/a.ts': "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;",
  },
  'domains-meet-only-in-provider': {
    'packages/core/rotation/src/a.ts': "import type { B } from '../../delivery/src/b.ts';\nexport type A = B;",
    'packages/core/delivery/src/b.ts': 'export type B = 1;',
  },
  'provider-knows-only-kernel': {
    'packages/core/provider/src/a.ts': "import type { B } from '../../metrics/src/b.ts';\nexport type A = B;",
    'packages/core/metrics/src/b.ts': 'export type B = 1;',
  },
  'kernel-is-the-root': {
    'packages/core/kernel/src/a.ts': "import type { B } from '../../provider/src/b.ts';\nexport type A = B;",
    'packages/core/provider/src/b.ts': 'export type B = 1;',
  },
  'rotation-ports-are-the-root': {
    'packages/core/rotation/src/ports/a.ts': "import type { B } from '../ledger/b.ts';\nexport type A = B;",
    'packages/core/rotation/src/ledger/b.ts': 'export type B = 1;',
  },
  'rotation-ledger-knows-only-ports': {
    'packages/core/rotation/src/ledger/a.ts': "import type { B } from '../bindings/b.ts';\nexport type A = B;",
    'packages/core/rotation/src/bindings/b.ts': 'export type B = 1;',
  },
  'rotation-bindings-know-only-the-ledger': {
    'packages/core/rotation/src/bindings/a.ts': "import type { B } from '../tasks/b.ts';\nexport type A = B;",
    'packages/core/rotation/src/tasks/b.ts': 'export type B = 1;',
  },
  'rotation-tasks-know-only-bindings': {
    'packages/core/rotation/src/tasks/a.ts': "import type { B } from '../planner/b.ts';\nexport type A = B;",
    'packages/core/rotation/src/planner/b.ts': 'export type B = 1;',
  },
  'rotation-planner-knows-only-tasks': {
    'packages/core/rotation/src/planner/a.ts': "import type { B } from '../serving/b.ts';\nexport type A = B;",
    'packages/core/rotation/src/serving/b.ts': 'export type B = 1;',
  },
  'rotation-parts-know-only-the-planner': {
    'packages/core/rotation/src/status/a.ts': "import type { B } from '../polling/b.ts';\nexport type A = B;",
    'packages/core/rotation/src/polling/b.ts': 'export type B = 1;',
  },
  'adapters-know-only-core': {
    'packages/adapters/vault/src/a.ts': "import { b } from '../../file/src/b.ts';\nexport const a = b;",
    'packages/adapters/file/src/b.ts': 'export const b = 1;',
  },
  'adapter-tests-know-only-testing': {
    'packages/adapters/vault/src/a.test.ts': "import { b } from '../../file/src/b.ts';\nexport const a = b;",
    'packages/adapters/file/src/b.ts': 'export const b = 1;',
  },
  'contract-suite-knows-only-core': {
    'packages/testing/provider-contract/src/a.ts': "import { b } from '../../lab/src/b.ts';\nexport const a = b;",
    'packages/testing/lab/src/b.ts': 'export const b = 1;',
  },
  'lab-knows-no-app': {
    'packages/testing/lab/src/a.ts': "import { b } from '../../../../apps/plugin/src/b.ts';\nexport const a = b;",
    'apps/plugin/src/b.ts': 'export const b = 1;',
  },
  'dashboard-knows-only-the-api': {
    'apps/dashboard/src/a.ts': "import type { B } from '../../../packages/core/metrics/src/b.ts';\nexport type A = B;",
    'packages/core/metrics/src/b.ts': 'export type B = 1;',
  },
  'dashboard-takes-only-types': {
    'apps/dashboard/src/a.ts': "import { b } from '../../../packages/adapters/http/src/api/b.ts';\nexport const a = b;",
    'packages/adapters/http/src/api/b.ts': 'export const b = 1;',
  },
  'container-only-in-composition': {
    'apps/plugin/src/a.ts': "import { Container } from 'inversify';\nexport const a = Container;",
    'node_modules/inversify/package.json': '{"name":"inversify","main":"index.js"}',
    'node_modules/inversify/index.js': 'exports.Container = 1;',
  },
  'no-cycles': {
    'apps/plugin/src/a.ts': "import { b } from './b.ts';\nexport type A = 1;\nexport const a = b;",
    'apps/plugin/src/b.ts': "import type { A } from './a.ts';\nexport const b: A = 1;",
  },
  'no-unresolved': {
    'apps/plugin/src/a.ts': "import { b } from './missing.ts';\nexport const a = b;",
  },
};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dependency-rules-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('every rule has a violation here', () => {
  expect(config.forbidden?.map(({ name }) => name).toSorted()).toEqual(Object.keys(violations).toSorted());
});

test.each(Object.entries(violations))('%s is caught', async (rule, files) => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  await Promise.all(['apps', 'packages'].map((name) => mkdir(join(directory, name), { recursive: true })));
  const { options, ...ruleSet } = config;
  const report = await cruise(['apps', 'packages'], { ...options, ruleSet, validate: true, baseDir: directory });
  const { violations: found } = (report.output as ICruiseResult).summary;
  expect(found.map((violation) => violation.rule.name)).toContain(rule);
});
