import { EXIT } from '../failure.ts';
import type { PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';
import { ago, names } from '../terminal/words.ts';
import { unknownName } from './did-you-mean.ts';
import { showEvent } from './events.ts';
import { latestEvents } from './latest-events.ts';
import { rotates, stateOf } from './secrets.ts';
import { showProblem } from './status.ts';

/**
 * One secret: where its value is, its revision, the services that use it, its problems and its latest events. Never its
 * value.
 * @throws {Failure} `NOT_FOUND`, with a similar name if there is one.
 */
export async function secret(client: PluginClient, name: string): Promise<Report> {
  const [{ document, atMs }, { document: overview }] = await Promise.all([
    client.secrets({ search: name }),
    client.overview(),
  ]);
  const found = document.secrets.find((candidate) => candidate.name === name);
  if (found === undefined) throw await unknownName(client, 'secret', name);
  const nowMs = atMs ?? Date.now();
  const problems = overview.problems.filter(({ secrets }) => secrets.includes(name));
  const events = await latestEvents(client, ({ secret, secrets }) => {
    return secret === name || (Array.isArray(secrets) && secrets.includes(name));
  });
  const isWrong = found.problem !== null || problems.length > 0;
  return {
    exitCode: isWrong ? EXIT.wrong : EXIT.well,
    document: { secret: found, problems, events },
    show: (paper) => {
      const reason = found.problem === null ? '' : `: ${found.problem.message}`;
      paper.say(`${name}: ${stateOf(found)}${reason}`, isWrong ? 'bad' : 'good');
      for (const problem of problems) showProblem(paper, '  ', problem, nowMs);
      paper.gap();
      const line = (label: string, text: string) => paper.item(label.padEnd(12), text);
      line('Value from', found.ref ?? '-');
      line('Revision', found.revision === null ? '-' : `${found.revision_name} (${found.revision})`);
      line('Changed', ago(found.changed_at, nowMs, 'not known'));
      line('Rotate', rotates(found));
      line('Used by', found.services.length === 0 ? 'no service' : names(found.services));
      if (events.length > 0) paper.gap();
      for (const event of events) showEvent(paper, event);
    },
  };
}
