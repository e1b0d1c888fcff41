import type { Rotate, RotateBody } from '@vault-swarm/http/api';
import { EXIT, Failure } from '../failure.ts';
import type { PluginClient } from '../plugin/client.ts';
import type { Report } from '../report.ts';
import type { Paper } from '../terminal/printer.ts';
import { names } from '../terminal/words.ts';
import { showFailedBefore, showOmitted, showPlan } from './plan.ts';
import { describeRequest } from './request.ts';

/** Shows what is about to be done, and asks; `false` where it shall not be done. */
export type Confirm = (show: (paper: Paper) => void) => Promise<boolean>;

const OUTCOMES: Readonly<Record<Rotate['services'][number]['outcome'], string>> = {
  scheduled: 'is rolled when its turn comes',
  pending: 'waits for a provider that does not respond; is rolled when the newest value is known',
  'up-to-date': 'is not changed: its tasks have the newest values',
  restarted: 'had the newest values already, and its tasks are replaced (--force)',
  'not-applicable': 'is never rotated: it is a job, or its labels exclude it',
};

/**
 * Makes a manual request, after `confirm`, if there is one, agreed to the plan.
 * @throws {Failure} `NOT_CONFIRMED` where it did not.
 */
export async function rotate(client: PluginClient, request: RotateBody, confirm: Confirm | null): Promise<Report> {
  if (confirm !== null) {
    const { document } = await client.plan(request);
    const agreed = await confirm((paper) => {
      paper.say(`A rotation of ${describeRequest(request)}:`, 'strong');
      showPlan(paper, document);
    });
    if (!agreed) throw new Failure('NOT_CONFIRMED', 'nothing was changed', 'To rotate, answer y or use --yes.');
  }
  const { document, raw } = await client.rotate(request);
  const isWell = document.services.every(({ outcome }) => ['scheduled', 'up-to-date', 'restarted'].includes(outcome));
  return {
    exitCode: isWell ? EXIT.well : EXIT.wrong,
    document: raw,
    show: (paper) => {
      if (document.services.length === 0) paper.say('No service matches.');
      for (const { name, secrets, outcome } of document.services) {
        paper.item(
          `${name}: `,
          `${OUTCOMES[outcome]} (${names(secrets)})`,
          outcome === 'pending' || outcome === 'not-applicable' ? 'warn' : 'plain',
        );
      }
      showFailedBefore(paper, document.services);
      showOmitted(paper, document.omitted ?? 0);
      if (document.services.every(({ outcome }) => outcome === 'up-to-date') && document.services.length > 0) {
        paper.say('To replace the tasks in spite of that, use --force.', 'faint');
      }
      if (document.services.some(({ outcome }) => outcome === 'scheduled')) {
        paper.say('Show the progress: vault-swarm services --rolling', 'faint');
      }
    },
  };
}
