/** Why something may happen that else would be a violation, as far as a history's faults explain it. */
const ALLOWANCES = {
  'crash before the note':
    'What a task was given is noted after the answer. A process that ends in between, or a leader that changes (or may ' +
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
    'go and come back without a look in between, within less than an election takes.',
  'value changed back':
    'A plugin acts on its latest look, which is as old as an interval and the calls in it: a value that was current then ' +
    'justifies a rollout though it was changed back since.',
  'user touched':
    'What fails after a user changed, forced or rolled back the service may fail for that reason: it is left to the user.',
  'broken before':
    'What is rolled while its image, or a bad value that its tasks were started with, makes them fail at once has its ' +
    'values set aside, since nothing tells for what its tasks failed. Whoever mends that asks by hand for the values.',
  'pinned to a bad value':
    'A version that a secret is pinned to may be deleted, and made anew as one that makes tasks fail: its user has to name another.',
  'last good value gone':
    'The last good value can be given only where the provider keeps it, nobody deleted it, and the labels still name it.',
  'started on a bad value':
    'A task that starts for another reason than a rollout is given the current value; nothing tells that it fails for it.',
  'ledger lost':
    'What was set aside is known from the ledger alone, and what changed before it was lost: without a ledger a task counts ' +
    'as current, unless the provider tells otherwise.',
  'taken back by hand':
    'A user who rolls back what the plugin has rolled out takes its values back: they stay set aside until the next change.',
} as const;

/** One of them. */
export type Allowance = keyof typeof ALLOWANCES;
