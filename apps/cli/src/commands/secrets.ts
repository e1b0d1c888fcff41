import type { Secret } from '@vault-swarm/http/api';
import { EXIT } from '../failure.ts';
import type { ListQuery, PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';
import { ago, count, names } from '../terminal/words.ts';

/** Columns. */
const MAX_OF_REVISION = 13;

/** The secrets of the driver, those with a problem first. */
export async function secrets(client: PluginClient, query: ListQuery): Promise<Report> {
  const { document, raw, atMs } = await client.secrets(query);
  const nowMs = atMs ?? Date.now();
  const wrong = document.secrets.filter(({ problem }) => problem !== null);
  return {
    // A state that could not be checked is not healthy.
    exitCode: wrong.length === 0 && document.observed_at !== null ? EXIT.well : EXIT.wrong,
    document: raw,
    show: (paper) => {
      if (wrong.length > 0) {
        paper.say(`${count(wrong.length, 'secret')} of ${document.total} with problems:`, 'bad');
        for (const { name, problem } of wrong) paper.item(`  ${name}: `, problem?.message ?? '');
        paper.gap();
      }
      if (document.secrets.length === 0) {
        paper.say(document.observed_at === null ? 'Docker has not responded to the plugin yet.' : 'No secret matches.');
        return;
      }
      paper.table(
        ['SECRET', 'VALUE FROM', 'REVISION', 'CHANGED', 'ROTATE', 'SERVICES'],
        document.secrets.map((secret) => [
          secret.name,
          secret.ref ?? '-',
          secret.revision === null ? '-' : shortRevision(secret.revision),
          ago(secret.changed_at, nowMs, '-'),
          rotates(secret),
          secret.services.length === 0 ? 'none' : names(secret.services),
        ]),
      );
    },
  };
}

function rotates({ rotate, pinned }: Secret): string {
  return pinned ? 'pinned' : rotate;
}

/** Vault's number without the time that is in the next column, and no more of an id than tells it from others. */
function shortRevision(revision: string): string {
  const [, number] = /^(\d+)@/.exec(revision) ?? [];
  if (number !== undefined) return number;
  return revision.length > MAX_OF_REVISION ? `${revision.slice(0, MAX_OF_REVISION - 1)}…` : revision;
}
