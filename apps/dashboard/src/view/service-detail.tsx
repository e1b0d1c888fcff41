import type { Cause, Service } from '@vault-swarm/http/api';
import { counted, visible } from '../format.ts';
import { DetailLink } from './detail-link.tsx';
import { LeaseTable } from './lease-table.tsx';
import { Ago, Name, Revision } from './text.tsx';

type TaskRevisions = Service['task_revisions'][number];

/** The content below an open service: how many tasks have which revision of each secret, and its rollout. */
export function ServiceDetail({
  service: { id, name, task_revisions, rollout, quarantined },
  isLinked = false,
}: {
  readonly service: Service;
  /** Whether it links to the page of the service. */
  readonly isLinked?: boolean;
}) {
  return (
    <div class="service-detail">
      <table>
        <caption>Revisions of the running tasks</caption>
        <thead>
          <tr>
            <th scope="col">Secret</th>
            <th scope="col">Revision</th>
            <th scope="col">Tasks</th>
          </tr>
        </thead>
        <tbody>
          {task_revisions.flatMap(rowsOf)}
          {task_revisions.length === 0 && (
            <tr>
              <td colSpan={3} class="soft">
                No task runs.
              </td>
            </tr>
          )}
        </tbody>
      </table>
      <LeaseTable service={name} />
      <dl>
        {rollout !== null && (
          <div>
            <dt>{rollout.direction === 'rollback' ? 'Rollback' : 'Rollout'}</dt>
            <dd>
              generation {rollout.generation}, started <Ago time={rollout.started_at} never="" />, for{' '}
              {visible(rollout.secrets.join(', '))}
            </dd>
          </div>
        )}
        {rollout?.cause.map((cause) => (
          <div key={cause.secret}>
            <dt>Cause</dt>
            <dd>
              {visible(`${cause.secret} ${cause.from ?? '?'} → ${cause.to}`)}, {noticedBy(cause)}{' '}
              <Ago time={cause.noticed_at} never="" />
            </dd>
          </div>
        ))}
        {quarantined !== null && (
          <div>
            <dt>Quarantined</dt>
            <dd>
              {visible(quarantined.secrets.join(', '))}, <Ago time={quarantined.since} never="" />:{' '}
              {visible(quarantined.reason)}
            </dd>
          </div>
        )}
        {isLinked && (
          <div>
            <dt>History</dt>
            <dd>
              <DetailLink detail={{ kind: 'service', name }} />
            </dd>
          </div>
        )}
        <div>
          <dt>Service id</dt>
          <dd>
            <code>{id}</code>
          </dd>
        </div>
      </dl>
    </div>
  );
}

const NOTICED = {
  poll: 'noticed by a poll',
  hook: 'noticed by hook',
  operator: 'requested by an operator',
  start: 'noticed at the start of the plugin',
  lease: 'before the end of a lease',
  failure: 'after tasks failed',
} as const;

function noticedBy({ noticed_by: by, hook }: Cause): string {
  return by === null ? 'noticed' : `${NOTICED[by]}${hook === null ? '' : ` ${visible(hook)}`}`;
}

const STATES = {
  current: { tone: 'good', word: 'current' },
  'held-back': { tone: 'warn', word: 'held back' },
  outdated: { tone: 'warn', word: 'old' },
  unknown: { tone: 'plain', word: 'unknown' },
} as const;

function rowsOf({ secret, provider_revision: newest, revisions }: TaskRevisions) {
  return revisions.map(({ revision, name, tasks, state }) => (
    <tr key={`${secret} ${revision}`}>
      <td>
        <Name>{secret}</Name>
      </td>
      <td>
        {revision !== null && <Revision revision={revision} name={name} />}{' '}
        <span class={`tag ${STATES[state].tone}`}>{STATES[state].word}</span>
        {state !== 'current' && newest !== null && newest !== revision && (
          <small class="soft">
            {' '}
            provider has <Revision revision={newest} name={null} />
          </small>
        )}
      </td>
      <td>{counted(tasks, 'task')}</td>
    </tr>
  ));
}
