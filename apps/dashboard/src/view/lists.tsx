import type { Overview, Secret, Service } from '@vault-swarm/http/api';
import { useMemo } from 'preact/hooks';
import { formatCount } from '../format.ts';
import type { ListView } from '../state/list-view.ts';
import type { Tab } from '../state/location.ts';
import { secretsIn } from '../state/secrets-view.ts';
import { servicesIn } from '../state/services-view.ts';
import { useDashboard } from './context.ts';
import { DetailPage } from './detail-page.tsx';
import { FirstSteps } from './first-steps.tsx';
import { ListTools } from './list-tools.tsx';
import { LogPanel } from './log-panel.tsx';
import { isWide } from './media.ts';
import { SecretsTable } from './secrets-table.tsx';
import { ServicesTable } from './services-table.tsx';
import { Tabs } from './tabs.tsx';

/** The services, the secrets and, on a narrow page, the log. */
export function Lists({ overview }: { readonly overview: Overview }) {
  const { place } = useDashboard();
  const { detail } = place.value;
  const tab = place.value.tab === 'log' && isWide.value ? 'services' : place.value.tab;
  const { counts } = overview;
  const shown: readonly { readonly tab: Tab; readonly title: string; readonly wrong: number }[] = [
    { tab: 'services', title: `Services ${formatCount(counts.services)}`, wrong: counts.services_with_problems },
    { tab: 'secrets', title: `Secrets ${formatCount(counts.secrets)}`, wrong: counts.secrets_with_problems },
    ...(isWide.value ? [] : [{ tab: 'log' as const, title: 'Log', wrong: 0 }]),
  ];
  return (
    <section class="panel lists" id="lists" aria-label="Services and secrets" tabIndex={-1}>
      <Tabs tabs={shown} chosen={tab} onChoose={(next) => (place.value = { tab: next, view: place.value.view })} />
      <div id="list" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {detail !== undefined && (
          <DetailPage key={`${detail.kind} ${detail.name}`} detail={detail} overview={overview} />
        )}
        {detail === undefined && tab === 'log' && <LogPanel />}
        {detail === undefined && tab === 'services' && <ServicesList overview={overview} />}
        {detail === undefined && tab === 'secrets' && <SecretsList overview={overview} />}
      </div>
    </section>
  );
}

function ServicesList({ overview }: { readonly overview: Overview }) {
  const { services, place } = useDashboard();
  const all = services.body.value?.services ?? null;
  const { view } = place.value;
  const shown = useMemo(() => (all === null ? [] : servicesIn(all, view)), [all, view]);
  if (overview.counts.secrets === 0) return <FirstSteps plugin={overview.plugin.name} />;
  return (
    <List<Service>
      all={all}
      shown={shown}
      failure={services.failure.value}
      noun="service"
      shows={['all', 'problem', 'rolling']}
      none="No service uses a secret of this driver yet. Add one to a service: docker service update --secret-add NAME SERVICE"
      table={(rows, view, onView) => <ServicesTable rows={rows} view={view} onView={onView} />}
    />
  );
}

function SecretsList({ overview }: { readonly overview: Overview }) {
  const { secrets, place } = useDashboard();
  const all = secrets.body.value?.secrets ?? null;
  const { view } = place.value;
  const shown = useMemo(() => (all === null ? [] : secretsIn(all, view)), [all, view]);
  if (overview.counts.secrets === 0) return <FirstSteps plugin={overview.plugin.name} />;
  return (
    <List<Secret>
      all={all}
      shown={shown}
      failure={secrets.failure.value}
      noun="secret"
      shows={['all', 'problem']}
      none="There is no secret of this driver."
      table={(rows, view, onView) => <SecretsTable rows={rows} view={view} onView={onView} />}
    />
  );
}

interface ListProps<T> {
  readonly all: readonly T[] | null;
  readonly shown: readonly T[];
  readonly failure: string | null;
  readonly shows: readonly ListView['show'][];
  readonly none: string;
  readonly noun: string;
  readonly table: (rows: readonly T[], view: ListView, onView: (view: ListView) => void) => preact.ComponentChild;
}

function List<T>({ all, shown, failure, shows, none, noun, table }: ListProps<T>) {
  const { place } = useDashboard();
  const { view } = place.value;
  const onView = (next: ListView) => {
    place.value = { ...place.value, view: next };
  };
  return (
    <>
      <ListTools view={view} shows={shows} onView={onView} shown={shown.length} total={all?.length ?? 0} noun={noun} />
      {failure !== null && <p class="note bad">This list could not be read: {failure}. The page tries again.</p>}
      {all === null && failure === null && <p class="note soft">Loading …</p>}
      {all !== null && all.length === 0 && <p class="note">{none}</p>}
      {all !== null && all.length > 0 && shown.length === 0 && (
        <p class="note">
          {view.search === ''
            ? view.show === 'problem'
              ? 'There are no problems here. '
              : 'There is no rollout. '
            : 'Nothing fits. '}
          <button type="button" onClick={() => onView({ ...view, search: '', show: 'all' })}>
            Show all
          </button>
        </p>
      )}
      {shown.length > 0 && table(shown, view, onView)}
    </>
  );
}
