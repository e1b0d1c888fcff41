import type { Environment, ProviderModule } from '@vault-swarm/provider';
import { environmentVariables } from './environment-variables.ts';

/** What names of settings of ours start with, beside those of providers. */
const OWN = ['MONITORING_', 'ROTATION_', 'PLUGIN_'];
/** The command line has settings of its own. */
const OF_COMMAND_LINE = 'VAULT_SWARM_';

/**
 * Warns of variables that are named like settings and are none: a mistyped one would have no effect. What AWS's and Docker's
 * own clients read starts like other programs' variables, so their adapters have lists.
 */
export function warnOfUnknown(
  environment: Environment,
  modules: readonly ProviderModule[],
  configuredKinds: readonly string[],
): void {
  const configured = modules.filter(({ kind }) => configuredKinds.includes(kind));
  const prefixes = [...OWN, ...configured.flatMap(({ variables: { ownPrefix } }) => ownPrefix ?? [])];
  const variables = environmentVariables(modules);
  const warned = new Set(environment.warnings.map(({ variable }) => variable));
  for (const name of environment.unread) {
    if (!prefixes.some((prefix) => name.startsWith(prefix)) || name.startsWith(OF_COMMAND_LINE)) continue;
    if (variables.includes(name) || warned.has(name)) continue;
    environment.warnUnread(name, 'it has no setting of this name; see docs/reference/environment.md');
  }
}
