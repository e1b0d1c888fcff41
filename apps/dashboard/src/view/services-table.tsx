import { type Signal, useSignal } from '@preact/signals';
import type { Service } from '@vault-swarm/http/api';
import { useMemo } from 'preact/hooks';
import { counted, formatCount, listed, visible } from '../format.ts';
import { levelOf } from '../state/health.ts';
import type { ListView } from '../state/list-view.ts';
import { hasServiceProblem } from '../state/services-view.ts';
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
      rowClass={rowClassOf}
      isOpen={({ id }) => open.value.has(id)}
      detail={detailOf}
      view={view}
      onView={onView}
      estimatePx={ROW_PX}
    />
  );
}

const rowClassOf = (service: Service) => {
  if (!hasServiceProblem(service)) return '';
  return service.state.severity === 'critical' ? 'wrong' : 'wrong degraded';
};

const detailOf = (service: Service) => <ServiceDetail service={service} isLinked />;

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
      cell: ({ last_rotation_at: at }) => <Ago time={at} never="none since the start" />,
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

function Tasks({ service }: { readonly service: Service }) {
  const { running_tasks: running, desired_tasks: desired, outdated_tasks: outdated } = service;
  const fewer = running === 0 ? 'bad' : 'warn';
  return (
    <>
      <span class="tasks-line">
        <span class={running < desired ? fewer : ''}>
          <b>{formatCount(running)}</b> of {formatCount(desired)} running
        </span>
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

function State({ service: { state, rollout } }: { readonly service: Service }) {
  const level = levelOf(state.severity);
  const isRolling = rollout !== null && rollout.state === 'rolling';
  return (
    <>
      <span class="state-line">
        {state.severity === 'ok' ? (
          <span class="soft current">{state.title}</span>
        ) : (
          <span class={`tag ${level}`}>{state.title}</span>
        )}
        {isRolling && (
          <progress max={Math.max(1, rollout.tasks_total)} value={rollout.tasks_done} aria-label="tasks done" />
        )}
      </span>
      {state.message !== '' && (
        <small class={`${level === 'busy' ? 'soft' : level} under`}>{visible(state.message)}</small>
      )}
    </>
  );
}
