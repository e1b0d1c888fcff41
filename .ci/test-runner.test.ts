import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestSpecification, Vitest } from 'vitest/node';
import { FileOrder } from '../packages/testing/lab/bootstrap/file-order.mjs';
import { Results, runVitest } from '../packages/testing/lab/bootstrap/test-run.mjs';

const root = resolve(import.meta.dirname, '..');

describe('a run of tests', () => {
  const files = {
    'passes.test.js': "test('passes', () => {}); test.skip('is skipped', () => {});",
    'fails.test.js': "test('fails', () => { expect({ port: 1 }).toEqual({ port: 2 }); });",
    'breaks.test.js': "throw new Error('not even loaded');",
    'dies.test.js':
      "test('dies', () => { process.stderr.write('its last words'); process.kill(process.pid, 'SIGKILL'); });",
    // As npm test runs it, where that is possible: in sandboxes.
    'vitest.config.mjs': `import { sandboxPool } from '${root}/packages/testing/lab/sandbox/sandbox-pool.mjs';
      const pool = process.env.VAULT_SWARM_SANDBOX ? sandboxPool : 'forks';
      export default { test: { name: 'fixture', globals: true, include: ['*.test.js'], maxWorkers: 2, pool } };`,
  };
  interface Event {
    readonly type: string;
    readonly file: string;
    readonly text: string;
  }
  const events: Event[] = [];
  let directory: string;
  let results: Awaited<ReturnType<typeof runVitest>>;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'run-'));
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    results = await runVitest(['--root', directory], {
      name: 'the run',
      env: { ...process.env, VAULT_SWARM_TEST_OUTPUT: 'by file' },
      eventsFile: join(directory, 'events'),
      deadlineMs: 120_000,
      onEvent: (event: Event) => events.push(event),
    });
  }, 150_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const failureAt = (where: string) => results.failures.find((failure: { where: string }) => failure.where === where);

  test('counts what passed, failed and was skipped; a file that cannot be loaded or ends its worker is a failure', () => {
    expect(results).toMatchObject({ passed: 1, failed: 3, skipped: ['passes.test.js: is skipped'] });
  });

  test('reports the place and reason of each failure', () => {
    const { name, text } = failureAt('fixture fails.test.js') ?? {};
    expect(name).toBe('fails');
    expect(stripVTControlCharacters(text)).toMatch(/-.*"port": 2,?\n\+.*"port": 1/);
    expect(failureAt('fixture breaks.test.js')?.text).toContain('not even loaded');
    expect(failureAt('fixture dies.test.js')?.name).toBe('did not end');
  });

  test('reports the output of a file in a sandbox as a whole, even if its worker died', () => {
    const output = events.filter(({ type }) => type === 'output').map(({ file, text }) => ({ file, text }));
    expect(output).toEqual(process.env.VAULT_SWARM_SANDBOX ? [{ file: 'dies.test.js', text: 'its last words' }] : []);
  });
});

describe('a run that ended early', () => {
  const started = { type: 'files', files: ['a', 'b'].map((file) => ({ file, project: 'unit' })) };
  const ended = { type: 'ended', file: 'a', project: 'unit', passed: 3, failed: 0, skipped: [], failures: [] };

  test('has a failure for each file that did not end', () => {
    const results = new Results('the run');
    for (const event of [started, ended]) results.take(event);
    expect(results.total(137)).toMatchObject({
      passed: 3,
      failed: 1,
      failures: [{ where: 'unit b', name: 'did not end' }],
    });
  });

  test('and started no file is a failure that names the run', () => {
    expect(new Results('the run').total(1)).toMatchObject({ passed: 0, failed: 1, failures: [{ where: 'the run' }] });
  });
});

describe('the order of files', () => {
  const long = 'apps/plugin/src/failover.integration.test.ts';
  const short = Array.from({ length: 20 }, (_, index) => `packages/short-${index}.test.ts`);
  const orderOf = async (seed: number) => {
    const order = new FileOrder({ config: { root, sequence: { seed } }, logger: { log: () => undefined } } as Vitest);
    const sorted = await order.sort(
      [...short, long].map((file) => ({ moduleId: join(root, file) }) as TestSpecification),
    );
    return sorted.map(({ moduleId }: { moduleId: string }) => moduleId.slice(root.length + 1));
  };

  test('has long ones first, and is another one for each seed', async () => {
    const order = await orderOf(1);
    expect(order[0]).toBe(long);
    expect(order.toSorted()).toEqual([...short, long].sort());
    expect(await orderOf(1)).toEqual(order);
    expect(await orderOf(2)).not.toEqual(order);
  });

  test('goes by a table that names only files that are there', async () => {
    const table = JSON.parse(await readFile(join(root, 'packages/testing/lab/bootstrap/durations.json'), 'utf8'));
    expect(Object.keys(table).filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});
