import type { Problem } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { knownProblems, type ProblemSources } from './known-problems.ts';
import type { ProviderState, ProviderSummary } from './provider-stats.ts';

const provider = (name: string, state: ProviderState, message: string | null = null): ProviderSummary => ({
  name,
  state,
  sinceMs: 0,
  lastError: message === null ? null : { code: 'UNAVAILABLE', message, atMs: 0 },
  requests: 1,
  errors: 1,
  lastAnswerAtMs: null,
  loggedInAtMs: null,
  loginExpiresAtMs: null,
  loginProblem: null,
  p50Ms: null,
  p99Ms: null,
});
const details = (sources: Partial<ProblemSources>) =>
  knownProblems({ rotation: [], providers: [], tickerHealthy: true, ...sources }).map(({ detail }) => detail);

test('a provider in trouble is told of though the rotation does not check it', () => {
  const providers = [
    provider('vault', 'failing', 'it is sealed'),
    provider('aws', 'circuit-open'),
    provider('file', 'ok', 'no such directory'),
    provider('openbao', 'unused'),
  ];
  expect(details({ providers })).toEqual([
    'A provider does not answer: vault: it is sealed',
    'A provider does not answer: aws: it is left alone until it does',
  ]);
});

test('a login that works and has a problem is told of', () => {
  const providers = [
    { ...provider('vault', 'ok'), loginProblem: 'the token of VAULT_TOKEN ends after 7 more requests' },
  ];
  expect(details({ providers })).toEqual([
    'The login to a provider works, and will not for long: vault: the token of VAULT_TOKEN ends after 7 more requests',
  ]);
});

test('what the rotation says of a provider is not said again', () => {
  const rotation: Problem[] = [
    { summary: 'S', detail: 'S: vault: sealed', unresponsive: { kind: 'provider', name: 'vault' } },
    { summary: 'T', detail: 'T: db' },
  ];
  const providers = [provider('vault', 'failing', 'its latest request (read) failed')];
  expect(details({ rotation, providers })).toEqual(['S: vault: sealed', 'T: db']);
});

test('passes that do not end are told of, unless the reason is', () => {
  const rotation: Problem[] = [{ summary: 'D', detail: 'D', unresponsive: { kind: 'orchestrator' } }];
  expect(details({ tickerHealthy: false })).toEqual([expect.stringContaining('No pass of the rotation ends')]);
  expect(details({ tickerHealthy: false, rotation })).toEqual(['D']);
});
