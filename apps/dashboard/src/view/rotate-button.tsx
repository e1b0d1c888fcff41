import type { Overview, RotateBody } from '@vault-swarm/http/api';
import type { ComponentChildren } from 'preact';
import { isConnected } from '../state/connection.ts';
import { useDashboard } from './context.ts';

/** Why this user can't rotate now; `null` if the user can. */
export function rotateRefusal(overview: Overview | null, isReached: boolean): string | null {
  if (!isReached) return 'Not while the connection is lost';
  if (overview === null) return 'Not before the plugin has answered';
  if (overview.access === 'view') return 'You have read access only: sign in with the full token to rotate';
  if (!overview.rotation_enabled) return 'Rotation is turned off (ENABLE_ROTATION)';
  return null;
}

/** Opens the plan of a rotation. A user who can't rotate sees why, and can still reach the button with the keyboard. */
export function RotateButton({
  request,
  label,
  children,
}: {
  readonly request: RotateBody;
  readonly label?: string;
  readonly children: ComponentChildren;
}) {
  const dashboard = useDashboard();
  const refusal = rotateRefusal(dashboard.overview.value, isConnected(dashboard.connection.state.value));
  const open = () => {
    if (refusal === null) dashboard.showPlan(request);
  };
  return (
    <button
      type="button"
      class="rotate"
      aria-label={label}
      aria-disabled={refusal !== null}
      aria-description={refusal ?? undefined}
      title={refusal ?? undefined}
      onClick={open}
    >
      {children}
    </button>
  );
}
