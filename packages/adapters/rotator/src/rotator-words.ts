import type { OrchestratorAdvice, OrchestratorWords } from '@vault-swarm/provider';

/** What the rotation's texts call a service and a task. */
export const rotatorWords: OrchestratorWords = { service: 'group', task: 'worker' };

const CAUSE = 'Fix the cause. The event failed has the message of each error';

/** Actions that the general texts describe for operators of a cluster. */
export const rotatorAdvice: OrchestratorAdvice = {
  actions: {
    RECONCILE_STALLED: 'Check that the ledger can be written. Until then workers run, and nothing is rotated',
    LEDGER_TOO_NEW: 'Update the rotator, or use another ledger',
    SERVICE_FAILING: CAUSE,
    SERVICE_DEGRADED: CAUSE,
    ROTATION_BLOCKED: `${CAUSE}. Running workers keep their secrets`,
    PROVIDER_UNAVAILABLE: 'Fix what the message names, and check that the provider runs',
    SECRET_UNDELIVERABLE: 'Write the value at the provider, or correct the labels in the options of the group',
    VALUE_QUARANTINED: 'Write another value, or fix what made the workers fail and call retryQuarantined()',
    ROTATION_TOO_FREQUENT: 'Change the secrets less often, or raise parallel in the options of the group',
    PROVIDER_LAGGING: 'Check the replication of the provider, or give its primary as the address',
    PROVIDER_LOGIN_EXPIRING: 'Renew the token, or use a login that can be repeated, such as AppRole',
    MORE_PROBLEMS: 'Fix the listed ones first',
  },
  replaceSecret: () => 'correct its labels in the options of the group',
};
