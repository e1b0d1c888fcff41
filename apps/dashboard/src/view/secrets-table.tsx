import type { Secret } from '@vault-swarm/http/api';
import { listed, visible } from '../format.ts';
import { DetailLink } from './detail-link.tsx';
import { type Column, LongTable } from './long-table.tsx';
import { RotateButton } from './rotate-button.tsx';
import type { TableProps } from './services-table.tsx';
import { Ago, Code, Revision as RevisionName } from './text.tsx';

const ROW_PX = 57;

/** The secrets, each with its location, its revision and the services that use it. */
export function SecretsTable({ rows, view, onView }: TableProps<Secret>) {
  return (
    <LongTable
      caption="Secrets of this driver"
      columns={COLUMNS}
      rows={rows}
      keyOf={({ name }) => name}
      rowClass={({ problem }) => (problem === null ? '' : 'wrong')}
      isOpen={() => false}
      detail={noDetail}
      view={view}
      onView={onView}
      estimatePx={ROW_PX}
    />
  );
}

const noDetail = () => null;

const COLUMNS: readonly Column<Secret>[] = [
  {
    title: 'Secret',
    className: 'widest',
    sort: 'name',
    cell: ({ name, ref, provider }) => (
      <>
        <span class="row-name">
          <DetailLink detail={{ kind: 'secret', name }} />
        </span>
        {ref === null ? <small class="soft under">not checked</small> : <RefLine refText={ref} provider={provider} />}
      </>
    ),
  },
  {
    title: 'Revision',
    className: 'wide',
    sort: 'state',
    cell: (secret) => <Revision secret={secret} />,
  },
  {
    title: 'Changed',
    className: 'narrow',
    sort: 'changed',
    largestFirst: true,
    cell: ({ changed_at: at }) => <Ago time={at} never="not known" />,
  },
  {
    title: 'Used by',
    className: 'medium',
    sort: 'services',
    largestFirst: true,
    cell: ({ services }) =>
      services.length === 0 ? (
        <span class="soft">no service</span>
      ) : (
        <span title={services.map(visible).join(', ')}>{visible(listed(services, 3))}</span>
      ),
  },
  {
    title: 'Rotate',
    className: 'action',
    cell: ({ name }) => (
      <RotateButton request={{ secret: name }} label={`Rotate secret ${visible(name)}`}>
        Rotate…
      </RotateButton>
    ),
  },
];

function RefLine({ refText, provider }: { readonly refText: string; readonly provider: string | null }) {
  const isNamed = provider !== null && !refText.startsWith(provider);
  return (
    <small class="soft under">
      {isNamed && `${visible(provider)} `}
      <Code>{refText}</Code>
    </small>
  );
}

function Revision({ secret: { revision, revision_name: name, rotate, pinned, problem } }: { readonly secret: Secret }) {
  return (
    <>
      <span class="state-line">
        {problem !== null && <span class="tag bad">{revision === null ? 'No value' : 'Old value'}</span>}
        {revision === null ? (
          problem === null && <span class="soft">not read yet</span>
        ) : (
          <RevisionName revision={revision} name={name} />
        )}
        {pinned && <span class="tag plain">pinned</span>}
        {!pinned && rotate !== 'auto' && (
          <span class="tag plain">{rotate === 'off' ? 'never rolled' : 'manually only'}</span>
        )}
      </span>
      {problem !== null && <small class="bad under">{visible(problem.message)}</small>}
    </>
  );
}
