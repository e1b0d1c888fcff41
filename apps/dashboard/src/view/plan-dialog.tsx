import { useSignal } from '@preact/signals';
import type { Plan, Rotate, RotateBody } from '@vault-swarm/http/api';
import { useEffect } from 'preact/hooks';
import { type PlanRequest, reasonOf } from '../api/client.ts';
import { counted, visible } from '../format.ts';
import { isConnected } from '../state/connection.ts';
import { OUTCOMES, summaryOf } from '../state/plan-view.ts';
import { useDashboard } from './context.ts';
import { ModalDialog } from './modal-dialog.tsx';
import { rotateRefusal } from './rotate-button.tsx';
import { Ago, Name } from './text.tsx';

type Phase =
  | { readonly kind: 'planning' }
  | { readonly kind: 'planned'; readonly plan: Plan }
  | { readonly kind: 'asking'; readonly plan: Plan }
  | { readonly kind: 'done'; readonly outcome: Rotate }
  | { readonly kind: 'failed'; readonly reason: string };

/** Shows what a rotation would do, and requests it after a confirmation. */
export function PlanDialog({ request: first }: { readonly request: PlanRequest }) {
  const dashboard = useDashboard();
  const requested = useSignal<PlanRequest>(first);
  const request = requested.value;
  const phase = useSignal<Phase>({ kind: 'planning' });
  const close = () => {
    dashboard.planned.value = null;
  };
  useEffect(() => {
    dashboard.api.plan(request).then(
      (plan) => {
        phase.value = { kind: 'planned', plan };
      },
      (error: unknown) => {
        phase.value = { kind: 'failed', reason: reasonOf(error) };
      },
    );
  }, [dashboard, request, phase]);
  const rotate = async (body: RotateBody, plan: Plan) => {
    phase.value = { kind: 'asking', plan };
    try {
      phase.value = { kind: 'done', outcome: await dashboard.rotate(body) };
    } catch (error) {
      phase.value = { kind: 'failed', reason: reasonOf(error) };
    }
  };
  const force = (named: Exclude<PlanRequest, { readonly due: true } | { readonly quarantined: true }>) => {
    phase.value = { kind: 'planning' };
    requested.value = { ...named, force: true };
  };
  const now = phase.value;
  return (
    <ModalDialog title={titleOf(request)} onClose={close}>
      {now.kind === 'planning' && <p class="soft">Loading the plan …</p>}
      {(now.kind === 'planned' || now.kind === 'asking') && <PlanTable plan={now.plan} isDue={'due' in request} />}
      {now.kind === 'done' && <Outcome outcome={now.outcome} />}
      {now.kind === 'failed' && (
        <p class="bad" role="alert">
          {now.reason}.
        </p>
      )}
      <div class="dialog-buttons">
        <button type="button" onClick={close}>
          {now.kind === 'done' || 'due' in request ? 'Close' : 'Cancel'}
        </button>
        {now.kind === 'planned' && isRestartable(now.plan) && isForceable(request) && (
          <button type="button" class="quiet" onClick={() => force(request)}>
            Restart the tasks anyway…
          </button>
        )}
        {!('due' in request) &&
          (now.kind === 'planned' || now.kind === 'asking') &&
          summaryOf(now.plan, false).isAnything && (
            <ConfirmButton
              plan={now.plan}
              isAsking={now.kind === 'asking'}
              onConfirm={() => void rotate(request, now.plan)}
            />
          )}
      </div>
    </ModalDialog>
  );
}

/** Whether nothing would be done because the tasks have the newest values. */
function isRestartable(plan: Plan): boolean {
  return !summaryOf(plan, false).isAnything && plan.services.some(({ outcome }) => outcome === 'up-to-date');
}

/** Whether the request names something and does not yet restart tasks that have the newest values. */
function isForceable(request: PlanRequest): request is Extract<PlanRequest, { readonly force?: boolean | undefined }> {
  return ('service' in request || 'secret' in request) && request.force !== true;
}

function titleOf(request: PlanRequest): string {
  if ('service' in request)
    return `${request.force === true ? 'Restart the tasks of' : 'Rotate service'} ${visible(request.service)}`;
  if ('secret' in request) {
    const verb = request.force === true ? 'Restart' : 'Rotate';
    return `${verb} every service that uses ${visible(request.secret)}`;
  }
  return 'due' in request ? 'What is due now' : 'Retry quarantined revisions';
}

function PlanTable({ plan, isDue }: { readonly plan: Plan; readonly isDue: boolean }) {
  const summary = summaryOf(plan, isDue);
  if (plan.services.length === 0) return <p>{summary.sentence}</p>;
  return (
    <>
      <p>{summary.sentence}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
      <section class="plan-scroll" aria-label="Plan" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Service</th>
              <th scope="col">Secrets</th>
              <th scope="col">Tasks</th>
            </tr>
          </thead>
          <tbody>
            {plan.services.map(({ name, secrets, outcome, tasks, waiting_reason: waiting, failed_before: failed }) => (
              <tr key={name}>
                <th scope="row">
                  <Name>{name}</Name>
                </th>
                <td>
                  {visible(secrets.join(', '))}
                  {outcome !== 'scheduled' && <small class="soft under whole">{OUTCOMES[outcome]}</small>}
                  {waiting !== null && <small class="warn under">{visible(waiting.message)}</small>}
                  {failed !== undefined && (
                    <small class="bad under whole">
                      The newest value of {visible(failed.secrets.join(', '))} made tasks
                      {failed.service !== name && ` of ${visible(failed.service)}`} fail{' '}
                      <Ago time={failed.since} never="" /> ({visible(failed.reason)}). It is tried again.
                    </small>
                  )}
                </td>
                <td>{tasks}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <Omitted count={plan.omitted ?? 0} />
    </>
  );
}

function Omitted({ count }: { readonly count: number }) {
  if (count === 0) return null;
  return <p class="warn">{counted(count, 'more service')} not listed: the response would be too long.</p>;
}

interface ConfirmProps {
  readonly plan: Plan;
  readonly isAsking: boolean;
  readonly onConfirm: () => void;
}

function ConfirmButton({ plan, isAsking, onConfirm }: ConfirmProps) {
  const { overview, connection } = useDashboard();
  const refusal = rotateRefusal(overview.value, isConnected(connection.state.value));
  const { tasks } = summaryOf(plan, false);
  if (refusal !== null) return <p class="warn">{refusal}.</p>;
  return (
    <button type="button" class="primary" disabled={isAsking} onClick={onConfirm}>
      {isAsking ? 'Asking …' : `Replace ${counted(tasks, 'task')}`}
    </button>
  );
}

function Outcome({ outcome: { services, omitted = 0 } }: { readonly outcome: Rotate }) {
  return (
    <div role="status">
      {services.length === 0 && <p>There was nothing to do.</p>}
      <ul class="outcomes">
        {services.map(({ name, outcome }) => (
          <li key={name}>
            <b>
              <Name>{name}</Name>
            </b>{' '}
            {OUTCOMES[outcome]}
          </li>
        ))}
      </ul>
      <Omitted count={omitted} />
    </div>
  );
}
