import type { Secret } from '@vault-swarm/http/api';
import { EXIT } from '../failure.ts';
import type { ListQuery, PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';
import { ago, count, names } from '../terminal/words.ts';
import { noneOf } from './services.ts';

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
        const isAll = document.observed_at !== null && query.search === undefined && query.state === undefined;
        paper.say(isAll ? 'There is no secret of this driver.' : noneOf(document.observed_at, query));
        return;
      }
      paper.table(
        ['SECRET', 'STATE', 'VALUE FROM', 'REVISION', 'CHANGED', 'ROTATE', 'SERVICES'],
        document.secrets.map((secret) => [
          secret.name,
          stateOf(secret),
          secret.ref ?? '-',
          secret.revision_name ?? '-',
          ago(secret.changed_at, nowMs, '-'),
          rotates(secret),
          secret.services.length === 0 ? 'none' : names(secret.services),
        ]),
      );
    },
  };
}

/** Whether it is rotated. */
export function rotates({ rotate, pinned }: Secret): string {
  return pinned ? 'pinned' : rotate;
}

/** One or two words. */
export function stateOf({ problem, services, revision }: Secret): string {
  if (problem !== null) return revision === null ? 'No value' : 'Old value';
  if (services.length === 0) return 'Not used';
  return revision === null ? 'Not read yet' : 'Ok';
}
