import type { Service } from '@vault-swarm/http/api';
import { EXIT } from '../failure.ts';
import type { ListQuery, PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';
import { ago, count, names } from '../terminal/words.ts';

/** The services that use the driver's secrets, what is wrong with them first. */
export async function services(client: PluginClient, query: ListQuery): Promise<Report> {
  const { document, raw, atMs } = await client.services(query);
  const nowMs = atMs ?? Date.now();
  const wrong = document.services.flatMap((service) => {
    const reason = wrongWith(service, nowMs);
    return reason === null ? [] : [{ name: service.name, reason }];
  });
  return {
    // A state that could not be checked is not healthy.
    exitCode: wrong.length === 0 && document.observed_at !== null ? EXIT.well : EXIT.wrong,
    document: raw,
    show: (paper) => {
      if (wrong.length > 0) {
        paper.say(`${count(wrong.length, 'service')} of ${document.total} with problems:`, 'bad');
        for (const { name, reason } of wrong) paper.item(`  ${name}: `, reason);
        paper.gap();
      }
      if (document.services.length === 0) {
        paper.say(
          document.observed_at === null ? 'Docker has not responded to the plugin yet.' : 'No service matches.',
        );
        return;
      }
      paper.table(
        ['SERVICE', 'TASKS', 'OUTDATED', 'ROLLOUT', 'LATEST ROTATION', 'SECRETS'],
        document.services.map((service) => [
          service.name,
          String(service.running_tasks),
          String(service.outdated_tasks),
          rolloutOf(service, nowMs),
          ago(service.last_rotation_at, nowMs, '-'),
          names(service.secrets),
        ]),
      );
    },
  };
}

function wrongWith({ problem, quarantined, rollout }: Service, nowMs: number): string | null {
  const reasons = [
    problem?.message ?? null,
    quarantined === null
      ? null
      : `new values of ${names(quarantined.secrets)} were quarantined ${ago(quarantined.since, nowMs, '')}: ${quarantined.reason}. ` +
        'After you fix the cause, run vault-swarm rotate --quarantined',
    problem === null && rollout?.state === 'stuck'
      ? `its rollout started ${ago(rollout.started_at, nowMs, '')} and is stuck`
      : null,
    problem === null && rollout?.state === 'failed' ? 'its rollout failed' : null,
  ].filter((reason) => reason !== null);
  return reasons.length === 0 ? null : reasons.join('. ');
}

function rolloutOf({ rollout, waiting_reason: waiting }: Service, nowMs: number): string {
  if (rollout === null) return waiting?.message ?? '-';
  const back = rollout.direction === 'rollback' ? ' (rollback)' : '';
  return `${rollout.state}${back}, ${rollout.tasks_done}/${rollout.tasks_total}, since ${ago(rollout.started_at, nowMs, '-').replace(/ ago$/, '')}`;
}
