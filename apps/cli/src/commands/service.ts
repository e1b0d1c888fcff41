import type { Service } from '@vault-swarm/http/api';
import { EXIT } from '../failure.ts';
import type { PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';
import { ago, names } from '../terminal/words.ts';
import { unknownName } from './did-you-mean.ts';
import { showEvent } from './events.ts';
import { latestEvents } from './latest-events.ts';
import { leaseTable, troubleOf } from './leases.ts';
import { isWrong, rolloutOf, stateInWords, toneOf } from './services.ts';
import { showProblem } from './status.ts';

/**
 * One service: its state, the revisions of its tasks, its problems and its latest events.
 * @throws {Failure} `NOT_FOUND`, with a similar name if there is one.
 */
export async function service(client: PluginClient, name: string): Promise<Report> {
  const [{ document, atMs }, { document: overview }, { document: listed }] = await Promise.all([
    client.services({ search: name }),
    client.overview(),
    client.leases({ search: name }),
  ]);
  const found = document.services.find((candidate) => candidate.name === name);
  if (found === undefined) throw await unknownName(client, 'service', name);
  const nowMs = atMs ?? Date.now();
  const problems = overview.problems.filter(({ services }) => services.includes(name));
  const leases = listed.leases.filter((lease) => lease.service === name);
  const events = await latestEvents(client, (event) => event.service === name);
  return {
    exitCode: isWrong(found) || problems.length > 0 ? EXIT.wrong : EXIT.well,
    document: { service: found, leases, problems, events },
    show: (paper) => {
      paper.say(`${name}: ${stateInWords(found.state)}`, toneOf(found.state));
      for (const problem of problems) showProblem(paper, '  ', problem, nowMs);
      paper.gap();
      const line = (label: string, text: string) => paper.item(label.padEnd(12), text);
      line('Tasks', `${found.running_tasks} of ${found.desired_tasks} running, ${found.outdated_tasks} outdated`);
      line('Rollout', rolloutOf(found, nowMs));
      line('Rotated', ago(found.last_rotation_at, nowMs, 'not since the plugin started'));
      if (found.quarantined !== null) {
        const { secrets, since, reason } = found.quarantined;
        line('Quarantined', `${names(secrets)}, ${ago(since, nowMs, '')}: ${reason}`);
      }
      line('Secrets', names(found.secrets));
      paper.gap();
      if (found.task_revisions.length === 0) paper.say('No revisions of running tasks are known.');
      else paper.table(['SECRET', 'REVISION', 'TASKS', 'STATE', 'PROVIDER HAS'], revisionRows(found));
      if (leases.length > 0) {
        paper.gap();
        leaseTable(paper, leases, nowMs);
        for (const lease of leases) {
          const trouble = troubleOf(lease, nowMs);
          if (trouble !== null) paper.say(trouble, 'bad');
        }
      }
      if (events.length > 0) paper.gap();
      for (const event of events) showEvent(paper, event);
    },
  };
}

function revisionRows({ task_revisions: revisions }: Service): string[][] {
  return revisions.flatMap(({ secret, provider_revision: newest, revisions: counts }) =>
    counts.map(({ name, tasks, state }) => [
      secret,
      name ?? '-',
      String(tasks),
      state.replace('-', ' '),
      newest === null ? '-' : newest.replace(/@.*/, ''),
    ]),
  );
}
