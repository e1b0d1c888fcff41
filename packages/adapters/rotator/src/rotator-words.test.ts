import { type ProblemCode, problem, problemCodes } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { rotatorAdvice, rotatorWords } from './rotator-words.ts';

/** Words of the plugin and its cluster, and names of its settings and commands. */
const FOREIGN = /\b(tasks?|services?|swarm|plugins?|managers?|nodes?|vault-swarm|[A-Z]+_[A-Z_]+)\b/i;

/** What has no place in one process: other managers, leases, access policies, lockdowns, a key, the monitoring port. */
const ABSENT =
  /^(NOT_A_MANAGER|ORCHESTRATOR_|LEADER_|MANAGER_|PLUGIN_|ANNOUNCEMENT_|LEASE_|POLICY_|LOCKDOWN_|LEDGER_UNTRUSTED|LEDGER_KEYS_|CLOCKS_|CERTIFICATE_|CREDENTIAL_FILE_|SECRET_OPTIONS_)/;

const possible = problemCodes.filter((code) => !ABSENT.test(code));

test.each(possible)('%s speaks of groups and workers', (code: ProblemCode) => {
  const { summary, action } = problem(code, 'x', {
    orchestrator: 'the rotator',
    words: rotatorWords,
    advice: rotatorAdvice,
    services: ['pools'],
  });
  expect(`${summary}. ${action}`).not.toMatch(FOREIGN);
});
