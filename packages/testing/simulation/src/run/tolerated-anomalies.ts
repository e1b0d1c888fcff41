/** Why something may happen that else would be a violation, as far as a history's faults explain it. */
const TOLERATED_ANOMALIES = {
  'crash before the note':
    'What a task was given is recorded after the answer. A process that ends in between, or a leader that changes (or may ' +
    'have, since the plugin could not look for longer than an election takes), costs at most one restart of a service that was not needed; and where the ledger did not know the secret of the service yet, ' +
    'or something else than intended was given, or the value is changed back, the task may keep an old value until the ' +
    'next change.',
  'asked for twice':
    'Swarm asks again for the secrets of a task that does not run yet, as when a node comes back. Where the value has ' +
    'changed in between, only Swarm knows which of the two its containers got: the plugin rolls for the older one.',
  'two leaders':
    'While two processes believe that they lead, one does not know what the other has just answered, and may roll for it. ' +
    'One that then really leads, and never saw that it did not, takes what it answers to the tasks of that time for what ' +
    'they hold, though the other had answered to them and they ran: in a Swarm its connection to the others would have to ' +
    'go and come back without a poll in between, within less than an election takes.',
  'value changed back':
    'A plugin acts on its latest poll, which is as old as an interval and the calls in it: a value that was current then ' +
    'justifies a rollout though it was changed back since.',
  'left to the user':
    'Where the policy, or the service itself, says that a failure changes nothing, a bad value stays until its user acts.',
  'failed in another service':
    'No further service starts with a value that was quarantined in one, until there is a newer value: also where it was ' +
    'quarantined for another reason than itself.',
  'user touched':
    'What fails after a user changed, forced or rolled back the service may fail for that reason: it is left to the user.',
  'forced to a used number':
    'After Swarm has rolled a rollout back, `--force` of its user gives the service the number of that rollout again, with the ' +
    'same spec and the same values: nobody can tell the two updates apart. A newer value does not wait for it.',
  'broken before':
    'What is rolled while its image, or a bad value that its tasks were started with, makes them fail at once has its ' +
    'quarantined values, since nothing tells for what its tasks failed. Its user fixes that, and asks manually for the values.',
  'pinned to a bad value':
    'A version that a secret is pinned to may be deleted, and made again as one that makes tasks fail: its user has to name another.',
  'last good value gone':
    'The last good value can be given only where the provider keeps it, nobody deleted it, no restored snapshot removed ' +
    'it, and the labels still name it.',
  'started on a bad value':
    'A task that starts for another reason than a rollout is given the current value; nothing tells that it fails for it.',
  'ledger lost':
    'What was quarantined is known from the ledger alone, and what changed before it was lost: without a ledger a task counts ' +
    'as current, unless the provider tells otherwise.',
  'rolled back manually':
    'A user who undoes a rollout of the plugin that is open undoes the values that it changed: they stay quarantined until ' +
    'the next change.',
} as const;

/** One of them. */
export type ToleratedAnomaly = keyof typeof TOLERATED_ANOMALIES;

/**
 * How often each may be used in a thousand histories. An allowance that grows hides something: check what it excuses
 * before you change its number.
 */
const MAX_USES_PER_THOUSAND: Readonly<Record<ToleratedAnomaly, number>> = {
  'crash before the note': 190,
  'value changed back': 130,
  'ledger lost': 50,
  'last good value gone': 40,
  'left to the user': 38,
  'failed in another service': 10,
  'started on a bad value': 20,
  'rolled back manually': 12,
  'asked for twice': 7,
  'user touched': 4,
  'broken before': 5,
  'two leaders': 3,
  'forced to a used number': 1,
  'pinned to a bad value': 1,
};

/** How often each was used. */
export type AllowanceCounts = Partial<Record<ToleratedAnomaly, number>>;

/** Adds the counts of one history to those of several. */
export function addCounts(sum: AllowanceCounts, more: AllowanceCounts): void {
  for (const anomaly of Object.keys(more) as ToleratedAnomaly[])
    sum[anomaly] = (sum[anomaly] ?? 0) + (more[anomaly] ?? 0);
}

/** Which allowances were used more often than they may, in so many histories. */
export function grownAllowances(used: AllowanceCounts, runs: number): readonly string[] {
  return (Object.keys(MAX_USES_PER_THOUSAND) as ToleratedAnomaly[]).flatMap((anomaly) => {
    const [count, max] = [used[anomaly] ?? 0, (MAX_USES_PER_THOUSAND[anomaly] * runs) / 1_000];
    return count > max ? [`${anomaly}: ${count} times, and ${max} at most`] : [];
  });
}

/** Counts what each allowance excused in one history: each thing once. */
export class UsedAllowances {
  readonly #used = new Map<ToleratedAnomaly, Set<string>>();

  /**
   * Something is excused.
   * @param what it is: the same thing counts once.
   */
  uses(anomaly: ToleratedAnomaly, what: string): void {
    const known = this.#used.get(anomaly);
    if (known === undefined) this.#used.set(anomaly, new Set([what]));
    else known.add(what);
  }

  get counts(): AllowanceCounts {
    return Object.fromEntries([...this.#used].map(([anomaly, things]) => [anomaly, things.size]));
  }
}
