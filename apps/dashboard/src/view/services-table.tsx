import { type Signal, useSignal } from '@preact/signals';
import type { Service } from '@vault-swarm/http/api';
import { useMemo } from 'preact/hooks';
import { counted, formatCount, listed, visible } from '../format.ts';
import type { ListView } from '../state/list-view.ts';
import { hasServiceProblem, stateOf } from '../state/services-view.ts';
import { Chevron } from './icons.tsx';
import { type Column, LongTable } from './long-table.tsx';
import { RotateButton } from './rotate-button.tsx';
import { ServiceDetail } from './service-detail.tsx';
import { Ago, Name } from './text.tsx';

const ROW_PX = 57;

/** The properties of a {@link ServicesTable} and a secrets' table. */
export interface TableProps<T> {
  readonly rows: readonly T[];
  readonly view: ListView;
  readonly onView: (view: ListView) => void;
}

/** The services, each with its tasks by revision and its state. */
export function ServicesTable({ rows, view, onView }: TableProps<Service>) {
  const open = useSignal<ReadonlySet<string>>(new Set());
  const columns = useMemo(() => columnsOf(open), [open]);
  return (
    <LongTable
      caption="Services that use secrets of this driver"
      columns={columns}
      rows={rows}
      keyOf={({ id }) => id}
      rowClass={(service) => (hasServiceProblem(service) ? 'wrong' : '')}
      isOpen={({ id }) => open.value.has(id)}
      detail={detailOf}
      view={view}
      onView={onView}
      estimatePx={ROW_PX}
    />
  );
}

const detailOf = (service: Service) => <ServiceDetail service={service} />;

function columnsOf(open: Signal<ReadonlySet<string>>): readonly Column<Service>[] {
  return [
    {
      title: 'Service',
      className: 'wide',
      sort: 'name',
      cell: (service) => <ServiceName service={service} open={open} />,
    },
    {
      title: 'Tasks',
      className: 'medium',
      sort: 'tasks',
      largestFirst: true,
      cell: (service) => <Tasks service={service} />,
    },
    { title: 'State', className: 'widest', sort: 'state', cell: (service) => <State service={service} /> },
    {
      title: 'Last rotation',
      className: 'narrow',
      sort: 'rotated',
      largestFirst: true,
      cell: ({ last_rotation_at: at }) => <Ago time={at} never="none yet" />,
    },
    {
      title: 'Rotate',
      className: 'action',
      cell: ({ name }) => (
        <RotateButton request={{ service: name }} label={`Rotate service ${visible(name)}`}>
          Rotate…
        </RotateButton>
      ),
    },
  ];
}

function ServiceName({
  service: { id, name, secrets },
  open,
}: {
  readonly service: Service;
  readonly open: Signal<ReadonlySet<string>>;
}) {
  const isOpen = open.value.has(id);
  const toggle = () => {
    const next = new Set(open.value);
    if (!next.delete(id)) next.add(id);
    open.value = next;
  };
  return (
    <>
      <button type="button" class="disclose" aria-expanded={isOpen} onClick={toggle}>
        <Chevron />
        <Name>{name}</Name>
      </button>
      <small class="soft under" title={secrets.map(visible).join(', ')}>
        {visible(listed(secrets, 3))}
      </small>
    </>
  );
}

function Tasks({ service: { running_tasks: running, outdated_tasks: outdated } }: { readonly service: Service }) {
  return (
    <>
      <span class="tasks-line">
        <b>{formatCount(running)}</b> running
        {outdated > 0 && (
          <progress
            class="held"
            max={running}
            value={running - outdated}
            aria-label="tasks with the current revisions"
          />
        )}
      </span>
      {outdated > 0 && <small class="warn under">{counted(outdated, 'task')} on an old revision</small>}
    </>
  );
}

const STATES = {
  failed: { tone: 'bad', word: 'Failed' },
  stuck: { tone: 'bad', word: 'Stuck' },
  quarantined: { tone: 'bad', word: 'Quarantined' },
  problem: { tone: 'bad', word: 'Problem' },
  rolling: { tone: 'busy', word: 'Rolling' },
  waiting: { tone: 'warn', word: 'Waiting' },
  outdated: { tone: 'warn', word: 'Outdated' },
  current: { tone: 'good', word: 'Current' },
} as const;

function State({ service }: { readonly service: Service }) {
  const { rollout, quarantined, problem, waiting_reason: waiting } = service;
  const { tone, word } = STATES[stateOf(service)];
  const back = rollout?.direction === 'rollback';
  return (
    <>
      <span class="state-line">
        {word === 'Current' ? (
          <span class="soft current">Current</span>
        ) : (
          <span class={`tag ${tone}`}>{back && rollout.state === 'rolling' ? 'Rolling back' : word}</span>
        )}
        {rollout !== null && rollout.state === 'rolling' && (
          <>
            <progress max={Math.max(1, rollout.tasks_total)} value={rollout.tasks_done} aria-label="tasks done" />
            <span>
              {rollout.tasks_done} of {counted(rollout.tasks_total, 'task')}
            </span>
          </>
        )}
        {quarantined !== null && <span class="soft">{visible(listed(quarantined.secrets, 3))}</span>}
      </span>
      {waiting !== null && <small class="warn under">{visible(waiting.message)}</small>}
      {quarantined !== null && <small class="bad under">{visible(quarantined.reason)}</small>}
      {problem !== null && problem.message !== quarantined?.reason && (
        <small class="bad under">{visible(problem.message)}</small>
      )}
    </>
  );
}
