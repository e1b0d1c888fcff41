import { useComputed, useSignalEffect } from '@preact/signals';
import { healthOf } from '../state/health.ts';
import { useDashboard } from './context.ts';

/**
 * What a screen reader is told of its own accord: that the health has another title, and that the connection is lost or
 * back. Not figures or events: they change all the time.
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
  // Among many tabs of a browser the title is all that is seen of this one.
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
