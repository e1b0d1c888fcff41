import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { run } from '../process/command.ts';
import { tempDirectory } from '../process/sandbox.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const launcher = fileURLToPath(new URL('../../../../../bin/vault-swarm-plugin', import.meta.url));
const directory = tempDirectory();
afterAll(() => directory.remove());

interface Report {
  readonly cases: readonly {
    readonly name: string;
    readonly latencyMs: number | null;
    readonly failures: readonly unknown[];
    readonly figures: readonly {
      readonly name: string;
      readonly unit: string;
      readonly plugin: number | null;
      readonly peer: number | null;
      readonly ratio: number | null;
    }[];
  }[];
}

const bench = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  run(process.execPath, ['--conditions=@vault-swarm/source', main, '--quick', ...args], {
    env: { ...process.env, ...env },
    timeoutMs: 120_000,
  });

/** The counts by case and figure: times and memory are meaningless here. */
function counted({ cases }: Report): Readonly<Record<string, number | null>> {
  return Object.fromEntries(
    cases.flatMap(({ name, figures }) =>
      figures.filter(({ unit }) => unit === 'count').map((figure) => [`${name}: ${figure.name}`, figure.plugin]),
    ),
  );
}

it('measures each case, and the plugin sends no more requests to Vault than necessary', async () => {
  const { code, stdout, stderr } = await bench(['--json', '-']);
  const report = JSON.parse(stdout.toString()) as Report;
  expect(report.cases.map(({ name, failures }) => ({ name, failures }))).toEqual(
    [
      'start',
      'managed',
      'first',
      'warm',
      'sequential',
      'storm',
      'hang',
      '503',
      '403',
      'tick',
      'rest',
      'standbys',
      'monitoring',
      'memory',
    ].map((name) => ({
      name,
      failures: [],
    })),
  );
  expect(code, stderr).toBe(0);
  const figures = counted(report);
  expect(figures).toMatchObject({
    'first: requests to Vault': 5,
    'sequential: requests to Vault': 0,
    'hang: nothing in memory: errors': 21,
    'hang: in memory: values': 20,
    '503: nothing in memory: errors': 21,
    '503: in memory: values': 20,
    '403: all but logins refused: values': 0,
    '403: all refused: values': 0,
    'tick: 12 secrets: connections opened': 0,
    'tick: 12 secrets: values read': 0,
    'tick: 12 secrets: service updates': 0,
  });
  expect(figures['403: all but logins refused: logins']).toBeLessThanOrEqual(2);
  expect(figures['403: all refused: logins']).toBeLessThanOrEqual(2);
  expect(figures['tick: 12 secrets: requests to Vault for each path']).toBeCloseTo(1, 0);
  // Six paths, each read by a request of a task, and perhaps by the first poll.
  expect(figures['storm: 8 at a time: values read']).toBeLessThanOrEqual(12);
  expect(figures['storm: 8 at a time: requests to Vault']).toBeLessThanOrEqual(34);
});

/** A program that a user could name; the bench gives it the environment of this one. */
async function programOf(name: string, script: string): Promise<string> {
  const path = join(directory.path, name);
  await writeFile(path, script, { mode: 0o755 });
  return path;
}

it('measures another plugin by its program, and shows its figures next to ours', async () => {
  const json = join(directory.path, 'figures.json');
  const program = await programOf('peer', `#!/bin/sh\nPLUGIN_SOCKET="$PEER_SOCKET" exec '${launcher}'\n`);
  const { code, stdout, stderr } = await bench(['managed', 'sequential', '--latency', '0,1', '--json', json], {
    PEER_BIN: program,
    PEER_SOCKET: join(directory.path, 'peer.sock'),
    PEER_LABELS: '{"vault_path":"{path}","vault_field":"{field}","rotate":"off"}',
  });
  expect(code, stderr).toBe(0);
  expect(stdout.toString()).toMatch(/at most +plugin +peer +ratio\n +p50 +0\.40 ms .+\n/);
  const { cases } = JSON.parse(await readFile(json, 'utf8')) as Report;
  expect(cases.map(({ name, latencyMs }) => [name, latencyMs])).toEqual([
    ['managed', null],
    ['sequential', 0],
    ['sequential', 1],
  ]);
  expect(cases[0]?.figures).toContainEqual(
    expect.objectContaining({ name: 'files', plugin: expect.any(Number), peer: 1 }),
  );
  expect(cases[1]?.figures[0]).toMatchObject({
    name: 'p50',
    plugin: expect.any(Number),
    peer: expect.any(Number),
    ratio: expect.any(Number),
  });
});

it('fails with a plugin that gives wrong values, and still measures the others', async () => {
  const wrong =
    'require(\'node:http\').createServer((_, answer) => answer.end(\'{"Value":"d3Jvbmc=","secretprovider":1}\'))';
  // The second one has a fake engine, which must not keep the process running.
  const { code, stdout } = await bench(['sequential', 'storm'], {
    PEER_BIN: await programOf('wrong.cjs', `#!${process.execPath}\n${wrong}.listen(process.env.PEER_SOCKET)`),
    PEER_SOCKET: join(directory.path, 'wrong.sock'),
  });
  expect(code).toBe(1);
  expect(stdout.toString()).toContain(
    'peer failed: sequential-0-field-0 for warm-task-0: the value is not the one in Vault',
  );
  expect(stdout.toString()).toMatch(/peer failed: storm-\S+ for task-0-0: the value is not the one in Vault/);
  expect(stdout.toString()).toContain('requests to Vault');
});

it('shows the output of a plugin that does not start, and measures nothing', async () => {
  const program = await programOf('broken', '#!/bin/sh\necho "VAULT_WISH is missing" >&2\nexit 3\n');
  const { code, stdout, stderr } = await bench(['sequential'], {
    PEER_BIN: program,
    PEER_SOCKET: join(directory.path, 'broken.sock'),
  });
  expect(code).toBe(1);
  expect(stderr).toBe(`PEER_BIN=${program}: it does not serve: it ended before it answered:\nVAULT_WISH is missing\n`);
  expect(stdout.toString()).toBe('');
});
