import type { Service } from '@vault-swarm/http/api';
import { EXIT } from '../failure.ts';
import type { ListQuery, PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';
import type { Tone } from '../terminal/printer.ts';
import { ago, count, names } from '../terminal/words.ts';

/** The services that use the driver's secrets, what is wrong with them first. */
export async function services(client: PluginClient, query: ListQuery): Promise<Report> {
  const { document, raw, atMs } = await client.services(query);
  const nowMs = atMs ?? Date.now();
  const wrong = document.services.filter(isWrong);
  return {
    // A state that could not be checked is not healthy.
    exitCode: wrong.length === 0 && document.observed_at !== null ? EXIT.well : EXIT.wrong,
    document: raw,
    show: (paper) => {
      if (wrong.length > 0) {
        paper.say(`${count(wrong.length, 'service')} of ${document.total} with problems:`, 'bad');
        for (const { name, state } of wrong) paper.item(`  ${name}: `, stateInWords(state), toneOf(state));
        paper.gap();
      }
      if (document.services.length === 0) {
        paper.say(noneOf(document.observed_at, query));
        return;
      }
      paper.table(
        ['SERVICE', 'STATE', 'TASKS', 'OUTDATED', 'ROLLOUT', 'LATEST ROTATION', 'SECRETS'],
        document.services.map((service) => [
          service.name,
          service.state.title,
          `${service.running_tasks}/${service.desired_tasks}`,
          String(service.outdated_tasks),
          rolloutOf(service, nowMs),
          ago(service.last_rotation_at, nowMs, '-'),
          names(service.secrets),
        ]),
      );
    },
  };
}

/** Whether it needs attention. */
export function isWrong({ state: { severity } }: Service): boolean {
  return severity === 'critical' || severity === 'warning';
}

/** `Failing: exit code 1 after 2 s, 3 times`. */
export function stateInWords({ title, message }: Service['state']): string {
  return message === '' ? title : `${title}: ${message}`;
}

/** How much the state matters. */
export function toneOf({ severity }: Service['state']): Tone {
  return severity === 'critical' ? 'bad' : severity === 'warning' ? 'warn' : severity === 'ok' ? 'good' : 'plain';
}

/** Why a list is empty. */
export function noneOf(observedAt: string | null, { search, state = 'all' }: ListQuery): string {
  if (observedAt === null) return 'Docker has not responded to the plugin yet.';
  if (search !== undefined) return `Nothing has "${search}" in its name.`;
  if (state === 'problem') return 'None has a problem.';
  if (state === 'rolling') return 'No rollout is in progress.';
  return 'No service uses a secret of this driver.';
}

/** How far a rollout is, or what the service waits for. */
export function rolloutOf({ rollout, waiting_reason: waiting }: Service, nowMs: number): string {
  if (rollout === null) return waiting?.message ?? '-';
  const back = rollout.direction === 'rollback' ? ' (rollback)' : '';
  return `${rollout.state}${back}, ${rollout.tasks_done}/${rollout.tasks_total}, since ${ago(rollout.started_at, nowMs, '-').replace(/ ago$/, '')}`;
}
