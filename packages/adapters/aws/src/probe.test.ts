import { type AwsFake, awsError, startAwsFake } from '@vault-swarm/lab';
import { ShiftedClock } from '@vault-swarm/lab/clocks';
import { probeAll, readTextOf, soon } from '@vault-swarm/lab/provider-calls';
import type { ProbeResult, ProviderInstance } from '@vault-swarm/provider';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { providerOf, refTo, variablesFor } from './testing/configured.ts';

let aws: AwsFake;
let clock: ShiftedClock;
let provider: ProviderInstance;

beforeEach(async () => {
  aws = await startAwsFake();
  clock = new ShiftedClock();
  provider = providerOf(variablesFor(aws.endpoint), { clock });
});
afterEach(async () => {
  await provider.close();
  await aws.stop();
});

/** Writes so many secrets, and gives refs to them. */
function written(count: number, prefix = 'prod/') {
  const names = Array.from({ length: count }, (_, index) => `${prefix}secret-${index}`);
  for (const name of names) aws.secrets().write(name, { SecretString: `value of ${name}` });
  return names.map((name) => refTo(name));
}

/** A pass, its calls by action, and what it answered. */
async function pass(refs: ReturnType<typeof written>) {
  aws.resetCounts();
  const results = await probeAll(provider, ...refs);
  return { results, byOperation: aws.counts().byOperation };
}

const kinds = (results: readonly ProbeResult[]) => [...new Set(results.map(({ kind }) => kind))];
const problems = (results: readonly ProbeResult[]) => [
  ...new Set(
    results.flatMap((result) => ('problem' in result && result.problem !== undefined ? [result.problem] : [])),
  ),
];

describe('a pass over unchanged secrets', () => {
  test.for([
    [1, { DescribeSecret: 1 }],
    [2, { ListSecrets: 1 }],
    [100, { ListSecrets: 1 }],
    [1_000, { ListSecrets: 10 }],
  ] as const)('takes for %d of them %j', async ([count, expected]) => {
    const refs = written(count);
    await pass(refs);
    const { results, byOperation } = await pass(refs);
    expect(byOperation).toEqual(expected);
    expect(kinds(results)).toEqual(['marker']);
    expect(problems(results)).toEqual([]);
  });

  test('takes one call for 100 of them, also in an account that has a thousand others', async () => {
    written(1_000, 'others/');
    const refs = written(100, 'ours/');
    expect((await pass(refs)).byOperation).toEqual({ ListSecrets: 1 });
  });

  test('takes five calls at most if ours are strewn among a thousand others', async () => {
    const names = [...'abcdefghijklmnopqrst'].flatMap((letter) => written(50, `${letter}/`));
    const ours = names.filter((_, index) => index % 10 === 9);
    expect(ours).toHaveLength(100);
    await pass(ours);
    const { results, byOperation } = await pass(ours);
    expect(byOperation).toEqual({ BatchGetSecretValue: 5 });
    expect(kinds(results)).toEqual(['marker']);
  });

  test('takes five calls for 100 of them if the policy refuses the list, and says what to allow', async () => {
    aws.deny('ListSecrets');
    const refs = written(100);
    await pass(refs);
    const { results, byOperation } = await pass(refs);
    expect(byOperation).toEqual({ BatchGetSecretValue: 5 });
    expect(kinds(results)).toEqual(['marker']);
    expect(problems(results)).toEqual([expect.stringContaining('allow secretsmanager:ListSecrets on resource "*"')]);
  });

  test('describes five of them without reading values if the policy refuses the list', async () => {
    aws.deny('ListSecrets');
    const refs = written(5);
    await pass(refs);
    const { byOperation } = await pass(refs);
    expect(byOperation).toEqual({ DescribeSecret: 5 });
  });

  test('describes each if the policy allows nothing else', async () => {
    aws.deny('ListSecrets');
    aws.deny('BatchGetSecretValue');
    const refs = written(30);
    await pass(refs);
    const { results, byOperation } = await pass(refs);
    expect(byOperation).toEqual({ DescribeSecret: 30 });
    expect(kinds(results)).toEqual(['marker']);
  });

  test('continues to list if a long list is the only alternative to describing each', async () => {
    aws.deny('BatchGetSecretValue');
    const names = [...'abcdefghijklmnopqrst'].flatMap((letter) => written(50, `${letter}/`));
    const ours = names.filter((_, index) => index % 10 === 9);
    await pass(ours);
    const { results, byOperation } = await pass(ours);
    expect(byOperation).toEqual({ ListSecrets: 10 });
    expect(kinds(results)).toEqual(['marker']);
  });

  test('asks nothing, and says what to allow, if the policy allows to read only', async () => {
    for (const action of ['ListSecrets', 'BatchGetSecretValue', 'DescribeSecret']) aws.deny(action);
    const refs = written(30);
    await pass(refs);
    const { results, byOperation } = await pass(refs);
    expect(byOperation).toEqual({});
    expect(kinds(results)).toEqual(['unsupported']);
    expect(problems(results)).toEqual([expect.stringContaining('secretsmanager:ListSecrets')]);
  });

  test('lists again some minutes after the policy allows it', async () => {
    const allow = aws.deny('ListSecrets');
    const refs = written(100);
    await pass(refs);
    allow();
    clock.advance(6 * 60_000);
    const { results, byOperation } = await pass(refs);
    expect(byOperation).toEqual({ ListSecrets: 1 });
    expect(problems(results)).toEqual([]);
  });

  test('asks for a secret once, however many refs want something of it', async () => {
    written(2);
    const fields = ['a', 'b', 'c'].map((field) => refTo('prod/secret-0', { field }));
    expect((await pass([...fields, refTo('prod/secret-1')])).byOperation).toEqual({ ListSecrets: 1 });
  });
});

describe('a change', () => {
  test.for([
    ['by a list', 100, []],
    ['by batches', 100, ['ListSecrets']],
    ['by describing', 3, ['ListSecrets']],
  ] as const)('is found %s, and only that', async ([_how, count, refused]) => {
    for (const action of refused) aws.deny(action);
    const refs = written(count);
    const before = (await pass(refs)).results;
    aws.secrets().write('prod/secret-2', { SecretString: 'new' });
    const after = (await pass(refs)).results;
    const changed = after.flatMap((result, index) =>
      JSON.stringify(result) === JSON.stringify(before[index]) ? [] : [index],
    );
    expect(changed).toEqual([2]);
  });

  test('is the move of the label, not the making of a version or a read', async () => {
    const refs = written(2);
    const [before] = (await pass(refs)).results;
    const secret = aws.secrets().find('prod/secret-0');
    const versionId = '11111111-1111-4111-8111-111111111111';
    aws.secrets().put(secret, { SecretString: 'pending' }, versionId, ['AWSPENDING']);
    await readTextOf(provider, refTo('prod/secret-0'));
    expect((await pass(refs)).results[0]).toEqual(before);
    aws.secrets().moveStage(secret, 'AWSCURRENT', versionId);
    expect((await pass(refs)).results[0]).not.toEqual(before);
  });

  test('of another label is detected for refs with that label', async () => {
    const [current] = written(2);
    const pending = refTo('prod/secret-0', { stage: 'AWSPENDING' });
    if (current === undefined) throw new Error('nothing was written');
    const before = (await pass([current, pending, refTo('prod/secret-1')])).results;
    expect(before[1]).toMatchObject({ kind: 'failed', error: { code: 'NOT_FOUND' } });
    const secret = aws.secrets().find('prod/secret-0');
    aws.secrets().put(secret, { SecretString: 'p' }, '11111111-1111-4111-8111-111111111111', ['AWSPENDING']);
    const after = (await pass([current, pending, refTo('prod/secret-1')])).results;
    expect(after[0]).toEqual(before[0]);
    expect(after[1]).toMatchObject({ kind: 'marker' });
  });

  test('that a task saw before the list is checked in the next pass', async () => {
    const refs = written(2);
    const [before] = (await pass(refs)).results;
    const thaw = aws.freezeLists();
    aws.secrets().write('prod/secret-0', { SecretString: 'new' });
    expect((await pass(refs)).results[0]).toEqual(before);
    expect(await readTextOf(provider, refTo('prod/secret-0'))).toBe('new');
    const [during] = (await pass(refs)).results;
    expect(during).not.toEqual(before);
    thaw();
    await readTextOf(provider, refTo('prod/secret-0'));
    const [after] = (await pass(refs)).results;
    await readTextOf(provider, refTo('prod/secret-0'));
    expect((await pass(refs)).results[0]).toEqual(after);
  });
});

describe('a secret that is not in the list', () => {
  test('is described once a minute while AWS does not have it', async () => {
    const refs = [...written(10), refTo('prod/none')];
    expect((await pass(refs)).byOperation).toEqual({ ListSecrets: 1, DescribeSecret: 1 });
    const { results, byOperation } = await pass(refs);
    expect(byOperation).toEqual({ ListSecrets: 1 });
    expect(results.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'NOT_FOUND' } });
    clock.advance(61_000);
    expect((await pass(refs)).byOperation).toEqual({ ListSecrets: 1, DescribeSecret: 1 });
    aws.secrets().write('prod/none', { SecretString: 'x' });
    expect((await pass(refs)).results.at(-1)).toMatchObject({ kind: 'marker' });
  });

  test('is found as marked for deletion', async () => {
    const refs = written(10);
    aws.secrets().delete('prod/secret-3', { force: false });
    const { results } = await pass(refs);
    expect(results[3]).toMatchObject({ kind: 'failed', error: { code: 'NOT_FOUND' } });
    expect(JSON.stringify(results[3])).not.toContain('value');
    aws.secrets().restore('prod/secret-3');
    expect((await pass(refs)).results[3]).toMatchObject({ kind: 'marker' });
  });

  test('is found nevertheless if the list is behind', async () => {
    const refs = written(10);
    aws.freezeLists();
    aws.secrets().write('prod/new', { SecretString: 'x' });
    const { results, byOperation } = await pass([...refs, refTo('prod/new')]);
    expect(kinds(results)).toEqual(['marker']);
    expect(byOperation).toEqual({ ListSecrets: 1, DescribeSecret: 1 });
  });

  test('and that the policy does not let us describe is left to a read', async () => {
    aws.deny('DescribeSecret');
    aws.deny('BatchGetSecretValue');
    const { results } = await pass([...written(10), refTo('prod/none')]);
    expect(results.at(-1)).toEqual({ kind: 'unsupported' });
    expect(kinds(results.slice(0, -1))).toEqual(['marker']);
  });
});

test('secrets of two regions are asked for in each', async () => {
  const refs = written(3);
  aws.secrets('us-east-1').write('far', { SecretString: 'x' });
  const far = refTo(aws.secrets('us-east-1').find('far').arn);
  const { results, byOperation } = await pass([...refs, far]);
  expect(kinds(results)).toEqual(['marker']);
  expect(byOperation).toEqual({ ListSecrets: 1, DescribeSecret: 1 });
});

test('a provider that does not answer is asked once, and not in all ways', async () => {
  const refs = written(10);
  aws.disturb({ fault: awsError('InternalServiceError', '', 500) });
  const { results, byOperation } = await pass(refs);
  expect(results[0]).toMatchObject({ kind: 'failed', error: { code: 'UNAVAILABLE' } });
  expect(Object.keys(byOperation)).toEqual(['ListSecrets']);
});

describe('a budget of calls', () => {
  const perHour = 40;
  beforeEach(() => {
    provider = providerOf({ ...variablesFor(aws.endpoint), AWS_MAX_CALLS_PER_HOUR: String(perHour) }, { clock });
  });

  test('postpones looking, and nothing else', async () => {
    const refs = written(10);
    await pass(refs);
    const { results, byOperation } = await pass(refs);
    expect(byOperation).toEqual({});
    expect(kinds(results)).toEqual(['postponed']);
    expect(await readTextOf(provider, refTo('prod/secret-0'))).toBe('value of prod/secret-0');
    clock.advance(3 * 60_000 + 40_000);
    expect((await pass(refs)).byOperation).toEqual({ ListSecrets: 1 });
  });

  test('does not hold up secrets that were never asked about', async () => {
    const refs = written(10);
    await pass(refs.slice(0, 9));
    expect((await pass(refs)).byOperation).toEqual({ ListSecrets: 1 });
  });

  test('is kept over hours', async () => {
    const refs = written(10);
    await pass(refs);
    aws.resetCounts();
    for (let second = 0; second < 2 * 3_600; second += 10) {
      clock.advance(10_000);
      await provider.probe?.probe(refs, soon());
    }
    expect(aws.counts().calls).toBeLessThanOrEqual(2 * perHour);
    expect(aws.counts().calls).toBeGreaterThan(perHour);
  });
});

test('names the version that a read has to give, but not by a list, which may be minutes old', async () => {
  const named = (results: readonly ProbeResult[]) =>
    results.map((result) => (result.kind === 'marker' ? result.revision : result.kind));
  const [one, two] = ['one', 'two'].map((name) => aws.secrets().write(name, { SecretString: name }));
  const refs = [refTo('one'), refTo('two')];
  const byDescription = await pass(refs.slice(0, 1));
  expect([named(byDescription.results), byDescription.byOperation]).toEqual([[one], { DescribeSecret: 1 }]);
  const byList = await pass(refs);
  expect([named(byList.results), byList.byOperation]).toEqual([[undefined, undefined], { ListSecrets: 1 }]);
  aws.deny('ListSecrets');
  expect(named((await pass(refs)).results)).toEqual([one, two]);
});
