import { useSignal } from '@preact/signals';
import type { Event, Events, Overview, Secret, Service } from '@vault-swarm/http/api';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { visible } from '../format.ts';
import { levelOf } from '../state/health.ts';
import { historyOf } from '../state/history-view.ts';
import type { Detail } from '../state/location.ts';
import { useDashboard } from './context.ts';
import { DetailLink } from './detail-link.tsx';
import { Entry } from './log-panel.tsx';
import { ProblemHelp } from './problem-help.tsx';
import { RotateButton } from './rotate-button.tsx';
import { ServiceDetail } from './service-detail.tsx';
import { Ago, Code, Name, Revision } from './text.tsx';

/** The latest ends of rollouts and rollbacks that the plugin keeps. */
const ROTATIONS = 'events?rotations=true&limit=1000';

/** One service or one secret, with its history. */
export function DetailPage({ detail, overview }: { readonly detail: Detail; readonly overview: Overview }) {
  const dashboard = useDashboard();
  const { services, secrets, place } = dashboard;
  const known = detail.kind === 'service' ? services.body.value?.services : secrets.body.value?.secrets;
  const found = known?.find(({ name }) => name === detail.name);
  const close = () => {
    const { detail: _closed, ...rest } = place.value;
    place.value = rest;
  };
  return (
    <article class="detail-page" aria-labelledby="detail-title">
      <p>
        <button type="button" class="quiet" onClick={close}>
          ← All {detail.kind}s
        </button>
      </p>
      <h2 id="detail-title">
        {detail.kind === 'service' ? 'Service' : 'Secret'} <Name>{detail.name}</Name>
      </h2>
      {known === undefined && <p class="soft">Loading …</p>}
      {known !== undefined && found === undefined && (
        <p>
          {detail.kind === 'service'
            ? 'No service of this name uses a secret of this driver now.'
            : 'This driver has no secret of this name now.'}
        </p>
      )}
      {found !== undefined && ('state' in found ? <ServicePage service={found} /> : <SecretPage secret={found} />)}
      <Problems overview={overview} detail={detail} />
      <History detail={detail} overview={overview} />
    </article>
  );
}

function ServicePage({ service }: { readonly service: Service }) {
  const { name, state, running_tasks: running, desired_tasks: desired, secrets, last_rotation_at: at } = service;
  return (
    <>
      <p>
        <span class={state.severity === 'ok' ? 'tag good' : `tag ${levelOf(state.severity)}`}>{state.title}</span>{' '}
        {visible(state.message)}
      </p>
      <dl class="detail-facts">
        <Fact name="Tasks">
          {running} of {desired} running
        </Fact>
        <Fact name="Last rotation">
          <Ago time={at} never="none since the plugin started" />
        </Fact>
        <Fact name="Secrets">
          {secrets.map((secret) => (
            <DetailLink key={secret} detail={{ kind: 'secret', name: secret }} />
          ))}
        </Fact>
      </dl>
      <p>
        <RotateButton request={{ service: name }}>Rotate…</RotateButton>
      </p>
      <ServiceDetail service={service} />
    </>
  );
}

function SecretPage({ secret }: { readonly secret: Secret }) {
  const { name, provider, ref, rotate, pinned, revision, revision_name: short, changed_at: at, services } = secret;
  return (
    <>
      {secret.problem !== null && <p class="bad">{visible(secret.problem.message)}</p>}
      <dl class="detail-facts">
        <Fact name="Value from">{ref === null ? 'not checked' : <Code>{ref}</Code>}</Fact>
        <Fact name="Provider">{provider === null ? 'none' : <Name>{provider}</Name>}</Fact>
        <Fact name="Revision">
          {revision === null ? 'not read yet' : <Revision revision={revision} name={short} />}
          {revision !== null && at !== null && (
            <>
              , <Ago time={at} never="" />
            </>
          )}
        </Fact>
        <Fact name="Rotate">{pinned ? 'never: it is pinned' : ROTATES[rotate]}</Fact>
        <Fact name="Used by">
          {services.length === 0 && 'no service'}
          {services.map((service) => (
            <DetailLink key={service} detail={{ kind: 'service', name: service }} />
          ))}
        </Fact>
      </dl>
      <p>
        <RotateButton request={{ secret: name }}>Rotate…</RotateButton>
      </p>
    </>
  );
}

const ROTATES: Readonly<Record<Secret['rotate'], string>> = {
  auto: 'automatically',
  manual: 'on request only',
  off: 'never',
};

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Problems({ detail, overview }: { readonly detail: Detail; readonly overview: Overview }) {
  const concerned = overview.problems.filter((problem) =>
    (detail.kind === 'service' ? problem.services : problem.secrets).includes(detail.name),
  );
  if (concerned.length === 0) return null;
  return (
    <ul class="detail-problems">
      {concerned.map(({ code, message, action }) => (
        <li key={`${code} ${message}`}>
          {visible(message)} <small class="advice">{visible(action)}</small>
          <ProblemHelp code={code} />
        </li>
      ))}
    </ul>
  );
}

function History({ detail, overview }: { readonly detail: Detail; readonly overview: Overview }) {
  const { api, log } = useDashboard();
  const rotations = useSignal<readonly Event[]>([]);
  const startedAt = overview.plugin.started_at;
  useEffect(() => {
    api.read<Events>(ROTATIONS).then(
      (snapshot) => {
        rotations.value = snapshot?.body.events ?? [];
      },
      // The log has the latest ones too.
      () => undefined,
    );
  }, [api, rotations]);
  const events = historyOf([...rotations.value, ...log.events.value], detail);
  return (
    <section class="log" aria-labelledby="history-title">
      <h3 id="history-title">History</h3>
      <ol>
        {events.map((event) => (
          <Entry key={event.id} event={event} />
        ))}
      </ol>
      <p class="soft">
        {events.length === 0 && 'No events. '}
        This plugin keeps events since its start, <Ago time={startedAt} never="" />
        {overview.role === 'standby' && '. The plugin on the leader has those of rotations'}.
      </p>
    </section>
  );
}
