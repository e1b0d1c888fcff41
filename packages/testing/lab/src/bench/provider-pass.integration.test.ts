import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { run } from '../process/command.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const SECRETS = 12;

interface Report {
  readonly cases: readonly {
    readonly failures: readonly unknown[];
    readonly figures: readonly { readonly name: string; readonly unit: string; readonly plugin: number | null }[];
  }[];
}

it('counts the requests of one poll of unchanged secrets to each provider', async () => {
  const { code, stdout, stderr } = await run(
    process.execPath,
    ['--conditions=@vault-swarm/source', main, '--quick', 'provider-pass', '--json', '-'],
    { env: { ...process.env }, timeoutMs: 180_000 },
  );
  expect(code, stderr).toBe(0);
  const [measured] = (JSON.parse(stdout.toString()) as Report).cases;
  expect(measured?.failures).toEqual([]);
  const counted = Object.fromEntries(
    (measured?.figures ?? []).filter(({ unit }) => unit === 'count').map(({ name, plugin }) => [name, plugin]),
  );
  const expected: Readonly<Record<string, readonly [requests: number, withValues: number]>> = {
    'vault, KV v2': [SECRETS, 0],
    'vault, KV v1': [SECRETS, SECRETS],
    'openbao, KV v2': [SECRETS, 0],
    'aws, lists allowed': [1, 0],
    'aws, only batches': [1, 1],
    'aws, only DescribeSecret': [SECRETS, 0],
    azure: [1, 0],
    gcp: [SECRETS, 0],
    'http, a version without the value': [SECRETS, 0],
    'http, entity tags': [SECRETS, 0],
    file: [SECRETS, 0],
  };
  expect(counted).toEqual(
    Object.fromEntries(
      Object.entries(expected).flatMap(([name, [requests, withValues]]) => [
        [`${name}, ${SECRETS} secrets: requests`, requests],
        [`${name}, ${SECRETS} secrets: with values`, withValues],
      ]),
    ),
  );
});
