import type { Secret } from '@vault-swarm/http/api';
import { EXIT } from '../failure.ts';
import type { ListQuery, PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';
import { ago, count, names } from '../terminal/words.ts';

/** The secrets of the driver, those with a problem first. */
export async function secrets(client: PluginClient, query: ListQuery): Promise<Report> {
  const { document, raw, atMs } = await client.secrets(query);
  const nowMs = atMs ?? Date.now();
  const wrong = document.secrets.filter(({ problem }) => problem !== null);
  return {
    exitCode: wrong.length === 0 ? EXIT.well : EXIT.wrong,
    document: raw,
    show: (paper) => {
      if (wrong.length > 0) {
        paper.say(`${count(wrong.length, 'secret')} of ${document.total} wrong:`, 'bad');
        for (const { name, problem } of wrong) paper.item(`  ${name}: `, problem ?? '');
        paper.gap();
      }
      if (document.secrets.length === 0) {
        paper.say(
          document.observed_at === null ? 'Docker has not answered the plugin yet.' : 'There is no such secret.',
        );
        return;
      }
      paper.table(
        ['SECRET', 'PROVIDER', 'REF', 'REVISION', 'CHANGED', 'ROTATE', 'SERVICES'],
        document.secrets.map((secret) => [
          secret.name,
          secret.provider ?? '-',
          secret.ref ?? '-',
          secret.revision ?? '-',
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
