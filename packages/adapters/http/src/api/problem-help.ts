import type { ProblemCode } from '@vault-swarm/provider';

/** Help for one kind of problem. Commands and names are in backticks. */
export interface ProblemHelp {
  /** What is wrong, and what follows from it. */
  readonly meaning: string;
  /** What to do, in this order. */
  readonly steps: readonly string[];
  /** Where the documents say more: a file and a section below `docs/`. */
  readonly guide: string;
}

/**
 * Help for each problem code: for the dashboard, for `vault-swarm explain`, and for docs/reference/problem-codes.md, which
 * is made from it.
 */
export const problemHelp: Readonly<Record<ProblemCode, ProblemHelp>> = {
  NOT_A_MANAGER: {
    meaning:
      'This node is a worker. Swarm asks only the plugin of the manager that leads, so a plugin on a worker does nothing.',
    steps: [
      'List the managers: `docker node ls`.',
      'Run the plugin on all of them, and not here. In a stack, the constraint is `node.role == manager`.',
      'Or promote this node: `docker node promote NODE`.',
    ],
    guide: 'guides/install.md',
  },
  ORCHESTRATOR_UNAVAILABLE: {
    meaning:
      'The Docker engine does not answer. Secrets are still delivered, and running tasks are not affected. Nothing is rotated.',
    steps: [
      'On this node, run `docker info` and `docker node ls`. While the Swarm elects a leader (10 to 30 s), no answer is normal.',
      'If Docker works, check that the plugin reaches it: `DOCKER_HOST`, and the mount of the socket.',
      'Read the log of the engine: `journalctl -u docker`.',
    ],
    guide: 'guides/troubleshooting.md#health-returns-503',
  },
  ORCHESTRATOR_ACCESS_DENIED: {
    meaning: 'Docker itself allows all requests. So a proxy in front of its socket refuses one that the plugin needs.',
    steps: ['Allow the request that the message names, in the settings of the proxy.'],
    guide: 'reference/docker.md',
  },
  RECONCILE_STALLED: {
    meaning:
      'No reconcile pass completed for three intervals, and Docker reported no error. Secrets are delivered, and nothing is rotated. `/health` is 503.',
    steps: [
      'Run `docker info` on this node. If it hangs, the engine is the cause.',
      'Read the log of the plugin: its last lines say what it waits for.',
      'If the passes take too long, set a longer `VAULT_ROTATION_INTERVAL`.',
    ],
    guide: 'guides/troubleshooting.md#health-returns-503',
  },
  LEDGER_UNTRUSTED: {
    meaning:
      'The ledger is the state that the managers share. Its integrity code is missing, or was made with another key. This plugin serves secrets, and rolls and writes nothing.',
    steps: [
      'Compare the two ids in the message: the first is that of this manager, the second that of the manager that wrote the ledger. Equal keys have equal ids.',
      'Give the manager with the wrong key the `LEDGER_KEY_FILE` of the others, and restart its plugin.',
      'If the message says that the ledger has no code, and you have just added the key: set `LEDGER_ACCEPT_UNSIGNED=true` on all managers, and remove it once the leader has signed the ledger.',
      'If all keys are equal, somebody changed the ledger. Find out who can write configs of the Swarm before you remove it.',
    ],
    guide: 'guides/ledger-key.md',
  },
  LEDGER_TOO_NEW: {
    meaning:
      'A later version of the plugin wrote the ledger. This version cannot read it. It serves secrets, and rolls and writes nothing.',
    steps: ['Update the plugin on this manager to the version of the others: `vault-swarm status` lists the versions.'],
    guide: 'guides/upgrade.md#versions-side-by-side',
  },
  LEADER_WITHOUT_PLUGIN: {
    meaning:
      'The manager that leads the Swarm has no running plugin. Its engine asks only its own plugin, so no task that needs a secret can start. Running tasks are not affected.',
    steps: [
      'Start the plugin there: `docker plugin enable vault-secrets-plugin`, or see why its task does not run.',
      'Or let another manager lead: `docker node demote NODE`, then `docker node promote NODE`.',
    ],
    guide: 'guides/operate.md#the-managers',
  },
  SERVICE_FAILING: {
    meaning: 'No task of the service runs, or all fail again and again. The message has the cause.',
    steps: [
      'Read each attempt: `docker service ps --no-trunc NAME`, and the output: `docker service logs NAME`.',
      'If a secret has no value, fix that first: `vault-swarm secrets --problems`.',
      'If no new task starts after the fix, run `docker service update --force NAME`.',
    ],
    guide: 'guides/troubleshooting.md#a-secret-is-not-found',
  },
  PROVIDER_UNAVAILABLE: {
    meaning:
      'A provider does not answer, or refuses the login of the plugin. Running tasks keep their values. Tasks that start get the last good value for `STALE_IF_ERROR`, or for `STALE_IF_UNAUTHENTICATED` if the login is refused.',
    steps: [
      'Do what the message says: it names the setting or the state of the provider.',
      'Check that the provider runs, and for Vault that it is unsealed: `vault status`.',
      'You need not restart the plugin. It tests the provider by itself, and then updates tasks that got an old value.',
    ],
    guide: 'guides/troubleshooting.md#values-are-stale',
  },
  SECRET_UNDELIVERABLE: {
    meaning:
      'The labels of a secret lead to no value. Tasks that need it cannot start. Running tasks keep their value.',
    steps: [
      'See where the plugin looks: `vault-swarm secret NAME`.',
      'If the value is missing, write it at the provider. The next task gets it.',
      'If a label is wrong, try the right ones: `vault-swarm check LABEL=VALUE`. Then create a secret with them under another name, and use it in the service.',
    ],
    guide: 'guides/troubleshooting.md#a-secret-is-not-found',
  },
  SECRET_ACCESS_DENIED: {
    meaning: "The policy of the plugin's login does not allow it to read a secret. Tasks that need it cannot start.",
    steps: [
      'Compare the path in the message with the one that you wrote. Vault also denies what does not exist.',
      'Add the rule that the message names to the policy of the login. The plugin reads again by itself.',
    ],
    guide: 'guides/vault.md#the-policy',
  },
  POLICY_DENIED: {
    meaning:
      "The plugin's own access policy does not allow a service to read a secret. The provider is not asked, and the tasks of the service do not start.",
    steps: [
      'Read the message: it names the service, the secret, what is granted, and the rule.',
      'Correct the rule in `CONFIG_FILE` on all managers, or the labels of the secret. The plugin reads a changed file by itself.',
    ],
    guide: 'guides/access.md',
  },
  SERVICE_DEGRADED: {
    meaning: 'Some tasks of the service fail, so fewer run than you asked for.',
    steps: ['Read each attempt: `docker service ps --no-trunc NAME`, and the output: `docker service logs NAME`.'],
    guide: 'guides/troubleshooting.md#a-rollout-is-stuck',
  },
  VALUE_QUARANTINED: {
    meaning:
      'Tasks failed with a new value. The service has its last good value again, and no longer gets the new one. Other services are not rolled to it.',
    steps: [
      'Read why the tasks failed: `docker service ps --no-trunc NAME`, and `docker service logs NAME`.',
      'If the value is wrong, write a correct one. The plugin rolls it out by itself.',
      'If the service was wrong, fix it, and try the same value again: `vault-swarm rotate --quarantined`.',
    ],
    guide: 'guides/rotate.md#a-bad-value',
  },
  ROTATION_BLOCKED: {
    meaning:
      'A rollout failed, is stuck, or waits for you. Running tasks keep their values. Other services are not delayed.',
    steps: [
      'Fix what the message names, such as a node, an image, memory or a network.',
      'Read each attempt: `docker service ps --no-trunc NAME`.',
      'The rollout continues by itself. To restart at once, run `vault-swarm rotate --service NAME`.',
    ],
    guide: 'guides/troubleshooting.md#a-rollout-is-stuck',
  },
  MANAGER_WITHOUT_PLUGIN: {
    meaning: 'A manager that does not lead has no running plugin. If it becomes the leader, no task gets its secrets.',
    steps: [
      'Start the plugin there: `docker plugin enable vault-secrets-plugin`, or see why its task does not run.',
      'If the plugin was never there, install it as on the other managers.',
      'If the plugin runs there, its announcement may be refused: see the problems of that plugin.',
    ],
    guide: 'guides/operate.md#the-managers',
  },
  LEDGER_KEYS_DIFFER: {
    meaning:
      'The plugins do not have the same `LEDGER_KEY`. Nothing fails yet. If a manager with another key leads, it does not trust the ledger, and nothing is rotated. The message has an id of each key, which does not reveal the key.',
    steps: [
      'Give the managers that the action names the `LEDGER_KEY_FILE` of the others, and restart their plugins.',
      'While you add the key, this is normal until the last manager has it.',
    ],
    guide: 'guides/ledger-key.md',
  },
  CLOCKS_DIFFER: {
    meaning:
      'The clock of a manager differs by more than 30 s from the clock of the manager that led. Logins may be refused, and credentials may be replaced too early or too late. If the clocks differ by more than 10 minutes, a plugin that restarts may not trust the ledger.',
    steps: [
      'Compare the clocks: run `timedatectl` on each manager. If the message names all managers but one, the clock of that one is wrong.',
      'Turn on NTP: `timedatectl set-ntp true`. The problem then ends within 3 minutes, or within 15 if the clock of a leader was wrong.',
    ],
    guide: 'guides/operate.md#clocks',
  },
  LOCKDOWN_ACTIVE: {
    meaning:
      'An operator started a lockdown. No manager serves a value from its cache, and no rotation starts by itself. Each start of a task needs an answer of the provider.',
    steps: ['When the incident is over, end it: `vault-swarm lockdown --release`.'],
    guide: 'guides/lockdown.md',
  },
  LEASE_ENDING_SOON: {
    meaning: 'Tasks use a credential that expires before a rollout can replace it, or that has expired.',
    steps: [
      'See why the service is not updated: `vault-swarm service NAME`. It is paused, blocked, or no credential is issued.',
      'Fix that, and rotate it now: `vault-swarm rotate --service NAME`.',
    ],
    guide: 'guides/leases.md',
  },
  LEASE_LIMIT_REACHED: {
    meaning: '`LEASE_MAX` or `LEASE_ISSUES_PER_HOUR` allows no further credential. Tasks that need one cannot start.',
    steps: [
      'Find out which services request so many: `vault-swarm leases`. Often a service restarts again and again.',
      'Fix that service, or raise the setting that the message names.',
    ],
    guide: 'guides/leases.md',
  },
  LEASE_FAILING: {
    meaning: 'A credential cannot be issued, renewed or revoked. Without a renewal it expires while tasks use it.',
    steps: [
      'Do what the message says: most often the policy of the login lacks a rule.',
      'See when the credentials expire: `vault-swarm leases --problems`.',
    ],
    guide: 'guides/leases.md',
  },
  LEASE_HOLDER_DENIED: {
    meaning:
      'The plugin may not create tokens that own leases. So the leases end with its login, and services are rolled before that.',
    steps: ['Add the token role (`VAULT_LEASE_TOKEN_ROLE`) or the rule of the policy that the message names.'],
    guide: 'guides/leases.md',
  },
  ROTATION_TOO_FREQUENT: {
    meaning:
      'The secrets of a service change faster than the service rolls. The plugin makes pauses between its rollouts.',
    steps: [
      'Change the secrets less often, or set `rotate_debounce` or `rotate_window` for them.',
      'Or let more tasks be replaced at a time: `update_config` with a greater `parallelism` or a shorter `delay`.',
    ],
    guide: 'guides/troubleshooting.md#a-service-restarts-without-end',
  },
  PROVIDER_LAGGING: {
    meaning:
      'A replica of a provider answers with values that were replaced. Tasks keep their values, and no older value replaces a newer one.',
    steps: ['Check the replication of the provider, or give the plugin the address of the primary.'],
    guide: 'guides/operate.md#what-happens-if',
  },
  PROVIDER_LOGIN_EXPIRING: {
    meaning: 'The login to a provider works now, and expires soon.',
    steps: [
      'Renew the token, or write a new one to its file.',
      'Better: use a login that the plugin can repeat, such as AppRole.',
    ],
    guide: 'guides/vault.md',
  },
  POLICY_INVALID: {
    meaning: '`CONFIG_FILE` was changed, and its access policy is not valid. The policy that was in force stays.',
    steps: ['Correct what the message names. The plugin reads the file again by itself.'],
    guide: 'guides/access.md',
  },
  CREDENTIAL_FILE_UNUSABLE: {
    meaning:
      "A file with a credential of the plugin can't be used after a change. The plugin uses what it read before, until it restarts.",
    steps: [
      'Write the file again. Write to a temporary file first, and rename it.',
      'The managed plugin sees the directory of `credentials.source` as `/run/vault-swarm`.',
    ],
    guide: 'guides/troubleshooting.md#the-plugin-does-not-start',
  },
  CERTIFICATE_EXPIRED: {
    meaning:
      'The certificate of the monitoring port has expired. Clients refuse the connection. Secrets are delivered.',
    steps: [
      'Replace the files of `MONITORING_TLS_CERT_FILE` and `MONITORING_TLS_KEY_FILE`. The plugin reads them again by itself.',
    ],
    guide: 'reference/environment.md',
  },
  CERTIFICATE_UNUSABLE: {
    meaning: "The files of the monitoring port's certificate were changed and can't be used. The one before is served.",
    steps: ['Replace both files: the certificate with its chain, and the key that belongs to it.'],
    guide: 'reference/environment.md',
  },
  CERTIFICATE_EXPIRING: {
    meaning: 'The certificate of the monitoring port expires within 7 days.',
    steps: [
      'Replace the files of `MONITORING_TLS_CERT_FILE` and `MONITORING_TLS_KEY_FILE`. The plugin reads them again by itself.',
    ],
    guide: 'reference/environment.md',
  },
  PLUGIN_VERSIONS_DIFFER: {
    meaning: 'The managers run different versions of the plugin. This is normal while you upgrade.',
    steps: ['Update the plugin on the other managers, the leader last.'],
    guide: 'guides/upgrade.md#versions-side-by-side',
  },
  ANNOUNCEMENT_REFUSED: {
    meaning:
      "A proxy in front of Docker's socket refuses to write the label of this node. So the plugins of the other managers can't see this one. Everything else works.",
    steps: ['Allow `POST /nodes/ID/update` in the settings of the proxy.'],
    guide: 'reference/docker.md',
  },
  PROBE_UNAVAILABLE: {
    meaning:
      'The plugin has no right to ask a provider for changes, so it reads the values. Rotation works, with more requests.',
    steps: ['Add the rule that the message names to the policy of the login.'],
    guide: 'guides/vault.md#the-policy',
  },
  SECRET_OPTIONS_IGNORED: {
    meaning: 'A secret has driver options. Docker does not give them to the plugin.',
    steps: ['Create the secret again under another name, with labels instead of options, and use it in the service.'],
    guide: 'reference/labels.md',
  },
  MORE_PROBLEMS: {
    meaning: 'There are more problems than the list holds. The worst are listed.',
    steps: ['List the others: `vault-swarm secrets --problems` and `vault-swarm services --problems`.'],
    guide: 'guides/troubleshooting.md',
  },
};
