import { type AwsFake, awsError, startAwsFake } from '@vault-swarm/lab';
import { ShiftedClock } from '@vault-swarm/lab/clocks';
import { probeAll, readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { ProbeResult, ProviderInstance } from '@vault-swarm/provider';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { providerOf, refTo, variablesFor } from './testing/configured.ts';

const PASS_MS = 10_000;
const PASSES_AN_HOUR = 360;

let aws: AwsFake;
let clock: ShiftedClock;
let provider: ProviderInstance;
/** The latest results by the secret's name. */
let latest: Map<string, ProbeResult>;

beforeEach(async () => {
  aws = await startAwsFake();
  clock = new ShiftedClock();
  provider = providerOf(variablesFor(aws.endpoint), { clock });
  latest = new Map();
});
afterEach(async () => {
  await provider.close();
  await aws.stop();
});

function written(count: number): readonly string[] {
  const names = Array.from({ length: count }, (_, index) => `prod/secret-${index}`);
  for (const name of names) aws.secrets().write(name, { SecretString: `value of ${name}` });
  return names;
}

/** A check the secrets: the names of those that have to be read, since their markers are other ones than before. */
async function look(names: readonly string[]): Promise<string[]> {
  const results = await probeAll(provider, ...names.map((name) => refTo(name)));
  const changed = names.filter((name, index) => JSON.stringify(results[index]) !== JSON.stringify(latest.get(name)));
  latest = new Map(results.map((result, index) => [names[index] ?? '', result]));
  return changed;
}

/** So many passes: what had to be read, the calls, and how many passes took more than `usual` calls. */
async function passes(names: readonly string[], count: number, usual: number) {
  const toRead: string[] = [];
  aws.resetCounts();
  let more = 0;
  for (let pass = 0; pass < count; pass++) {
    clock.advance(PASS_MS);
    const before = aws.counts().calls;
    toRead.push(...(await look(names)));
    if (aws.counts().calls - before > usual) more += 1;
  }
  return { toRead, more, byOperation: aws.counts().byOperation };
}

describe('the right to read secrets that a list tells of', () => {
  test('is made sure of once an hour, with five calls more for 100 of them', async () => {
    const names = written(100);
    expect(await look(names)).toEqual(names);
    expect(await passes(names, PASSES_AN_HOUR, 1)).toEqual({
      toRead: [],
      more: 5,
      byOperation: { ListSecrets: PASSES_AN_HOUR, BatchGetSecretValue: 5 },
    });
  });

  test('is made sure of with about a hundredth and a half more calls for 1,000 of them', async () => {
    const names = written(1_000);
    await look(names);
    const { byOperation, toRead } = await passes(names, 60, 10);
    expect(toRead).toEqual([]);
    expect(byOperation.ListSecrets).toBe(600);
    // A call that a busy machine keeps waiting is repeated.
    expect(byOperation.BatchGetSecretValue).toBeGreaterThanOrEqual(8);
    expect(byOperation.BatchGetSecretValue).toBeLessThanOrEqual(10);
  });

  test('that was taken away for one of them is found within the hour, and only that one is read', async () => {
    const names = written(100);
    await look(names);
    const allow = aws.deny('GetSecretValue', 'prod/secret-7');
    const { toRead } = await passes(names, PASSES_AN_HOUR, 1);
    expect(toRead).toEqual(['prod/secret-7']);
    expect(await vaultErrorOf(provider.secrets.read(refTo('prod/secret-7'), soon()))).toMatchObject({
      code: 'ACCESS_DENIED',
    });
    expect(await readTextOf(provider, refTo('prod/secret-8'))).toBe('value of prod/secret-8');
    allow();
    expect((await passes(names, PASSES_AN_HOUR, 1)).toRead).toEqual([]);
  });

  test('is found out by reading one after another if the policy does not allow many at once', async () => {
    const names = written(100);
    aws.deny('BatchGetSecretValue');
    await look(names);
    const { toRead, byOperation } = await passes(names, PASSES_AN_HOUR, 1);
    expect(new Set(toRead).size).toBe(100);
    expect(toRead.length).toBeLessThan(110);
    expect(byOperation).toEqual({ ListSecrets: PASSES_AN_HOUR, BatchGetSecretValue: 1 });
  });

  test('is found out nevertheless while reading many at once fails', async () => {
    const names = written(30);
    aws.disturb({ operation: 'BatchGetSecretValue', fault: awsError('InternalServiceError', '', 500) });
    await look(names);
    const { toRead } = await passes(names, PASSES_AN_HOUR, 1);
    expect(new Set(toRead).size).toBe(30);
  });

  test('is made sure of in each pass if passes are an hour apart', async () => {
    const names = written(100);
    await look(names);
    aws.deny('GetSecretValue', 'prod/secret-99');
    clock.advance(60 * 60_000);
    expect(await look(names)).toEqual(['prod/secret-99']);
  });
});

test('a secret that only a description tells of is read once an hour', async () => {
  const names = written(1);
  await look(names);
  const { toRead, byOperation } = await passes(names, PASSES_AN_HOUR, 1);
  expect(toRead).toEqual(names);
  expect(byOperation).toEqual({ DescribeSecret: PASSES_AN_HOUR });
});

test('secrets that each pass reads anyway are not read once more', async () => {
  const names = written(100);
  aws.deny('ListSecrets');
  await look(names);
  const { byOperation } = await passes(names, 6, 5);
  expect(byOperation).toEqual({ BatchGetSecretValue: 30 });
});

test('a secret that is pinned to a version is read as the others are', async () => {
  const [name = ''] = written(1);
  const pin = aws.secrets().version(name, undefined, undefined).version.id;
  const marker = async () => (await probeAll(provider, refTo(name, { pin })))[0];
  const before = await marker();
  clock.advance(57 * 60_000);
  expect(await marker()).toEqual(before);
  clock.advance(60_000);
  expect(await marker()).not.toEqual(before);
});
