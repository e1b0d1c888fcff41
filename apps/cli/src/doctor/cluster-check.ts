import { type Check, checked, type Finding, hint, skipped, wrong } from './finding.ts';
import { isOfManagers } from './manager-problems.ts';
import type { PluginFacts } from './plugin-check.ts';

/**
 * Whether each manager has a running plugin, as the plugin that answered sees it.
 * @param lists whether each manager is named, also those without a problem.
 */
export function checkCluster(facts: PluginFacts, lists: boolean): Check {
  if (facts.kind === 'failed') return skipped('cluster', 'the plugin was not reached');
  const { managers, problems, role } = facts.overview;
  if (managers.length === 0) {
    return skipped(
      'cluster',
      role === 'worker' ? 'this node is a worker' : 'the plugin does not know the managers yet',
    );
  }
  const findings: Finding[] = problems
    .filter(isOfManagers)
    .map(({ code, severity, message, action }) =>
      (severity === 'info' ? hint : wrong)(`${message} (${code})`, `${action}.`),
    );
  if (managers.length === 2) {
    findings.push(
      hint(
        'the Swarm has two managers: if one is lost, no leader can be elected, and no task gets its secrets',
        'Use one manager, or three: docker node promote NODE.',
      ),
    );
  }
  const running = managers.filter(({ state }) => state === 'running' || state === 'announced').length;
  const summary = `the plugin runs on ${running} of ${managers.length} managers`;
  const each = managers.map(({ name, role: its, message }) => `${name} (${its}) ${message}`).join('; ');
  return checked('cluster', lists ? `${summary}: ${each}` : summary, findings);
}
