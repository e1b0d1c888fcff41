import { EXIT } from '../failure.ts';
import type { PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';

/** Starts a lockdown on all managers, or ends it. */
export async function lockdown(client: PluginClient, active: boolean): Promise<Report> {
  const { document, raw } = await client.lockdown(active);
  return {
    exitCode: EXIT.well,
    document: raw,
    show: (paper) => {
      if (!document.active) {
        paper.say('The lockdown ended. Values are cached again, and rotations start by themselves.', 'good');
        return;
      }
      paper.say(`A lockdown is active since ${document.since}.`, 'strong');
      paper.item(
        '',
        'This manager serves no value from the cache. The others follow when they read the ledger: see below.',
      );
      paper.say('No rotation starts by itself. Start one with vault-swarm rotate.');
      paper.say('On each manager: vault-swarm status. To end it: vault-swarm lockdown --release', 'faint');
    },
  };
}
