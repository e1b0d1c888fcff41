import type { Plan, RotateBody } from '@vault-swarm/http/api';
import { EXIT } from '../failure.ts';
import type { PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';
import type { Paper } from '../terminal/printer.ts';
import { count, names } from '../terminal/words.ts';
import { describeRequest } from './request.ts';

/** What a manual request would do, or what is due now where nothing is named; nothing is done. */
export async function plan(client: PluginClient, request: RotateBody | null): Promise<Report> {
  const { document, raw } = await client.plan(request);
  return {
    exitCode: EXIT.well,
    document: raw,
    show: (paper) => {
      paper.say(
        request === null
          ? 'What is due now, without a manual rotation:'
          : `What a rotation of ${describeRequest(request)} would do:`,
      );
      showPlan(paper, document);
    },
  };
}

/** The plan as people read it. */
export function showPlan(paper: Paper, { services, omitted = 0 }: Plan): void {
  const rolled = services.filter(({ outcome }) => ['scheduled', 'pending', 'restarted'].includes(outcome));
  const tasks = rolled.reduce((sum, service) => sum + service.tasks, 0);
  paper.say(
    rolled.length === 0
      ? 'No service would be rolled.'
      : `${count(rolled.length, 'service')}, of which ${count(tasks, 'task')} would be replaced.`,
  );
  if (services.length === 0) return;
  paper.gap();
  paper.table(
    ['SERVICE', 'TASKS', 'SECRETS', 'OUTCOME', 'REASON'],
    services.map((service) => [
      service.name,
      String(service.tasks),
      names(service.secrets),
      service.outcome,
      service.waiting_reason?.message ?? '-',
    ]),
  );
  showFailedBefore(paper, services);
  showOmitted(paper, omitted);
}

/** Warns of values that made tasks fail before, and that are tried again. */
export function showFailedBefore(
  paper: Paper,
  services: readonly Pick<Plan['services'][number], 'name' | 'failed_before'>[],
): void {
  for (const { name, failed_before: failed } of services) {
    if (failed === undefined) continue;
    const elsewhere = failed.service === name ? '' : ` of ${failed.service}`;
    const what = `the newest value of ${names(failed.secrets)} made tasks${elsewhere} fail at ${failed.since} (${failed.reason}), and is tried again`;
    paper.item('Warning: ', `${name}: ${what}`, 'warn');
  }
}

/** Says how many services the plugin did not list. */
export function showOmitted(paper: Paper, omitted: number): void {
  if (omitted > 0) paper.say(`${count(omitted, 'more service')} not listed: the response would be too long.`, 'warn');
}
