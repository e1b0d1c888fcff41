import type { Plan, RotateBody } from '@vault-swarm/http/api';
import { EXIT } from '../failure.ts';
import type { PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';
import type { Paper } from '../terminal/paper.ts';
import { count, names } from '../terminal/words.ts';
import { describeRequest } from './request.ts';

/** What a request by hand would do, or what is due now where nothing is named; nothing is done. */
export async function plan(client: PluginClient, request: RotateBody | null): Promise<Report> {
  const { document, raw } = await client.plan(request);
  return {
    exitCode: EXIT.well,
    document: raw,
    show: (paper) => {
      paper.say(
        request === null
          ? 'What is due now, without a request:'
          : `What a rotation of ${describeRequest(request)} would do:`,
      );
      showPlan(paper, document);
    },
  };
}

/** The plan as people read it. */
export function showPlan(paper: Paper, { services }: Plan): void {
  const tasks = services.reduce((sum, service) => sum + service.tasks, 0);
  if (services.length === 0) {
    paper.say('No service would be rolled: all tasks have the newest values.');
    return;
  }
  paper.say(`${count(services.length, 'service')}, of which ${count(tasks, 'task')} would be replaced.`);
  paper.gap();
  paper.table(
    ['SERVICE', 'TASKS', 'SECRETS', 'WAITS FOR'],
    services.map((service) => [
      service.name,
      String(service.tasks),
      names(service.secrets),
      service.waiting_for ?? '-',
    ]),
  );
}
