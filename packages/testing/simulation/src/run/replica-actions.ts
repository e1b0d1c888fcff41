import type { Action } from './action.ts';
import type { Kind } from './kinds.ts';

const MAX_LAG_MS = 20_000;

/** What happens to the provider's replicas, and to what it has. */
export const replicaActions: Partial<Record<Kind, Action>> = {
  'replica lags': (run) => {
    const { provider, replicaRandom: random } = run;
    if (provider.replica !== null || provider.abilities.orders !== 'all') return null;
    const lagMs = random.between(200, MAX_LAG_MS);
    const share = random.pick([0.3, 0.5, 1]);
    const probesToo = random.chance(0.3);
    provider.replica = { lagMs, answers: (call) => (call === 'read' || probesToo) && random.chance(share) };
    run.lasts(random.between(1_000, 120_000), () => {
      provider.replica = null;
      run.say('no replica lags any more');
    });
    return `a replica lags by ${lagMs} ms; it answers ${share} of the reads${probesToo ? ' and probes' : ''}`;
  },

  'snapshot restored': (run) => {
    const { provider, replicaRandom: random, truth, swarm, oracle } = run;
    const paths = new Set(swarm.services.flatMap((service) => truth.bindingsOf(service).map(({ path }) => path)));
    const path = paths.size === 0 ? undefined : random.pick([...paths]);
    if (path === undefined || !provider.restore(path)) return null;
    // The version that is gone may be what some service's tasks held last before a bad one.
    for (const service of swarm.services) {
      const isConcerned = truth.bindingsOf(service).some((use) => use.path === path);
      if (isConcerned) oracle.allowService(service.id, 'last good value gone');
    }
    return `a snapshot is restored: ${path} is "${provider.textOf(path)}" again`;
  },
};
