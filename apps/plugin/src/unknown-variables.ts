import { distance } from '@vault-swarm/kernel';
import type { Environment, ProviderModule } from '@vault-swarm/provider';
import { environmentVariables } from './environment-variables.ts';

/** The prefixes of our settings, besides those of providers. */
const OWN = ['MONITORING_', 'ROTATION_', 'PLUGIN_'];
/** The most letters by which a misspelled name differs from the one that was meant. */
const MAX_TYPOS = 3;
/** The prefix of the command line's settings. */
const OF_COMMAND_LINE = 'VAULT_SWARM_';

/**
 * Warns of variables that look like settings but are not: a misspelled one would have no effect. Variables of AWS's
 * and Docker's own clients have prefixes that other programs use too, so their adapters have lists.
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
    const [nearest = ''] = variables.toSorted((a, b) => distance(name, a) - distance(name, b));
    const meant = distance(name, nearest) <= MAX_TYPOS ? nearest : undefined;
    const advice = meant === undefined ? 'see docs/reference/environment.md' : `did you mean ${meant}?`;
    environment.warnUnread(name, `there is no setting of this name; ${advice}`);
  }
}
