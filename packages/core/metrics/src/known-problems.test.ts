import { ProblemList, problem } from '@vault-swarm/provider';
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

test('a provider in trouble is reported though the rotation does not check it', () => {
  const providers = [
    provider('vault', 'failing', 'it is sealed'),
    provider('aws', 'circuit-open'),
    provider('file', 'ok', 'no such directory'),
    provider('openbao', 'unused'),
  ];
  expect(details({ providers })).toEqual([
    'A provider does not answer: vault: it is sealed',
    'A provider does not answer: aws: it is not called until a probe is answered',
  ]);
});

test('a login that works and expires soon is reported', () => {
  const providers = [
    { ...provider('vault', 'ok'), loginProblem: 'the token of VAULT_TOKEN ends after 7 more requests' },
  ];
  expect(details({ providers })).toEqual([
    'The login to a provider works, and will not for long: vault: the token of VAULT_TOKEN ends after 7 more requests',
  ]);
});

test('what the rotation reports of a provider is not repeated', () => {
  const list = new ProblemList();
  list.add('PROVIDER_UNAVAILABLE', 'vault: sealed', { provider: 'vault' });
  list.add('SECRET_UNDELIVERABLE', 'db');
  const rotation = list.problems;
  const providers = [provider('vault', 'failing', 'its latest request (read) failed')];
  expect(details({ rotation, providers })).toEqual([
    'A provider does not answer: vault: sealed',
    'A secret has no value to deliver: db',
  ]);
});

test('passes that do not complete are reported, unless the reason is', () => {
  expect(details({ tickerHealthy: false })).toEqual([expect.stringContaining('No reconcile pass completes')]);
  for (const code of ['ORCHESTRATOR_UNAVAILABLE', 'ORCHESTRATOR_ACCESS_DENIED'] as const) {
    const rotation = [problem(code, 'why')];
    expect(details({ tickerHealthy: false, rotation })).toEqual(rotation.map(({ detail }) => detail));
  }
});
