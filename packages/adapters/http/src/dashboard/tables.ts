import { describeEvent, severityOf } from '@vault-swarm/metrics';
import type { TimedEvent } from '@vault-swarm/provider';
import type { SecretStatus, ServiceStatus } from '@vault-swarm/rotation';
import { ago, count } from './format.ts';
import { type Content, type Html, html } from './html.ts';

/** Secrets with a problem first. */
export function secretsTable(secrets: readonly SecretStatus[], nowMs: number): Html {
  if (secrets.length === 0)
    return nothing('No secret of this driver is known. Create one with', 'docker secret create --driver');
  return table(
    ['Secret', 'Provider', 'Ref', 'Revision', 'Changed', 'Used by', 'Problem'],
    inOrder(secrets).map((secret) => [
      html`<strong>${secret.name}</strong>${rotateTag(secret)}`,
      secret.provider ?? none('not known'),
      secret.ref === null ? none('none') : code(secret.ref),
      secret.revision === null ? none('not read yet') : code(secret.revision),
      secret.changedAtMs === null ? none('not known') : html`${ago(secret.changedAtMs, nowMs, '')} ago`,
      secret.services.length === 0 ? none('no service') : names(secret.services),
      problem(secret.problem),
    ]),
  );
}

/** Services with a problem first. */
export function servicesTable(services: readonly ServiceStatus[], nowMs: number): Html {
  if (services.length === 0) return nothing('No service uses a secret of this driver yet.');
  return table(
    ['Service', 'Secrets', 'Tasks', 'Outdated', 'Rollout', 'Set aside', 'Last rotation', 'Problem'],
    inOrder(services).map((service) => [
      html`<strong>${service.name}</strong>`,
      names(service.secrets),
      service.runningTasks,
      service.outdatedTasks === 0 ? none('none') : tag('warn', count(service.outdatedTasks, 'task')),
      rollout(service, nowMs),
      setAside(service, nowMs),
      service.lastRotationAtMs === null ? none('none yet') : html`${ago(service.lastRotationAtMs, nowMs, '')} ago`,
      problem(service.problem),
    ]),
  );
}

/** As they are given: the newest first. */
export function eventsList(events: readonly TimedEvent[], nowMs: number): Html {
  if (events.length === 0) return nothing('Nothing has happened yet.');
  const items = events.map(
    (event) =>
      html`<li class="${severityOf(event.type)}"><span class="when">${ago(event.at, nowMs, '')} ago</span>
<span class="what">${event.type}</span><span class="told">${describeEvent(event)}</span></li>`,
  );
  return html`<ol class="events">${items}</ol>`;
}

function rotateTag({ rotate, pinned }: SecretStatus): Content {
  if (pinned) return html` ${tag('plain', 'pinned')}`;
  return rotate === 'auto' ? null : html` ${tag('plain', `rotate ${rotate}`)}`;
}

function rollout({ rollout, waitingFor }: ServiceStatus, nowMs: number): Content {
  const waits = waitingFor === null ? null : html`<small class="line">waits for ${waitingFor}</small>`;
  if (rollout === null) return waits ?? none('none open');
  const tone = { failed: 'bad', stuck: 'bad', waiting: 'warn', rolling: 'busy' } as const;
  const back = rollout.direction === 'back' && html` ${tag('warn', 'back to the last good values')}`;
  return html`${tag(tone[rollout.state], rollout.state)}${back} <small>generation ${rollout.generation}, for
${ago(rollout.startedAtMs, nowMs, '')}</small>${waits}`;
}

function setAside({ setAside }: ServiceStatus, nowMs: number): Content {
  if (setAside === null) return none('none');
  return html`${tag('bad', setAside.secrets.join(', '))} <small>for ${ago(setAside.sinceMs, nowMs, '')}</small>
<small class="line">${setAside.reason}</small>`;
}

function inOrder<T extends { readonly name: string; readonly problem: string | null }>(
  rows: readonly T[],
): readonly T[] {
  const rank = (row: T) => (row.problem === null ? 1 : 0);
  return rows.toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, 'en', { numeric: true }));
}

function table(columns: readonly string[], rows: readonly (readonly Content[])[]): Html {
  const head = columns.map((column) => html`<th scope="col">${column}</th>`);
  const body = rows.map((cells) => html`<tr>${cells.map((cell, index) => labelled(columns[index] ?? '', cell))}</tr>`);
  return html`<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

// On a narrow screen a row is a card, and each cell says by its label what it is.
function labelled(label: string, cell: Content): Html {
  return html`<td data-label="${label}"><div>${cell}</div></td>`;
}

function names(all: readonly string[]): Html {
  const shown = all.slice(0, 4).join(', ');
  const more = all.length > 4 && html` <small>and ${all.length - 4} more</small>`;
  return html`<span title="${all.join(', ')}">${shown}${more}</span>`;
}

function code(text: string): Html {
  return html`<code title="${text}">${text}</code>`;
}

function none(text: string): Html {
  return html`<span class="none">${text}</span>`;
}

function nothing(text: string, command?: string): Html {
  return html`<p class="nothing">${text}${command !== undefined && html` <code>${command}</code>`}</p>`;
}

function problem(text: string | null): Html {
  return text === null ? none('none') : html`<span class="problem">${text}</span>`;
}

function tag(tone: 'plain' | 'busy' | 'warn' | 'bad', text: string): Html {
  return html`<span class="tag ${tone}">${text}</span>`;
}
