import { useComputed } from '@preact/signals';
import { formatAge } from '../format.ts';
import { useDashboard } from './context.ts';

/** Says that the connection is lost, how old the data is, and when the next attempt is. */
export function LostBanner() {
  const { connection, clock } = useDashboard();
  const state = connection.state.value;
  const age = useComputed(() => (clock.dataAgeMs.value === null ? null : formatAge(clock.dataAgeMs.value)));
  const when = useComputed(() => {
    const now = connection.state.value;
    return now.kind === 'lost' ? `in ${Math.ceil(clock.untilMs(now.retryAtMs) / 1000)} s` : 'now';
  });
  if (state.kind !== 'lost' && state.kind !== 'retrying') return null;
  return (
    <section class="lost" aria-label="Connection">
      <p>
        <strong>Connection lost.</strong> {state.reason}.{' '}
        {age.value !== null && <>The data is {age} old and may be outdated. </>}
        Trying again {when}.
      </p>
      <button type="button" onClick={() => connection.retryNow()} disabled={state.kind === 'retrying'}>
        Try now
      </button>
    </section>
  );
}
