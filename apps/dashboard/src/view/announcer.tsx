import { useComputed, useSignalEffect } from '@preact/signals';
import { healthOf } from '../state/health.ts';
import { useDashboard } from './context.ts';

/**
 * What a screen reader announces: a new title of the health panel, and a lost or restored connection. Figures and
 * events change too often.
 */
export function Announcer() {
  const { overview, connection, clock } = useDashboard();
  const reported = useComputed(() => {
    switch (connection.state.value.kind) {
      case 'lost':
      case 'retrying':
        return 'Connection lost.';
      case 'signed-out':
        return 'The session has ended.';
      default:
        return overview.value === null ? '' : healthOf(overview.value, clock.nowMs.peek()).title;
    }
  });
  // The title is all that a user sees of this page among many tabs.
  useSignalEffect(() => {
    const name = overview.value?.plugin.name ?? 'Vault Swarm Plugin';
    document.title = reported.value === '' ? name : `${reported.value.replace(/\.$/, '')} · ${name}`;
  });
  return (
    <p class="unseen" role="status">
      {reported}
    </p>
  );
}
