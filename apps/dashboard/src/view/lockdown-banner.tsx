import type { Overview } from '@vault-swarm/http/api';
import { Age } from './text.tsx';

/** Says that a lockdown is active, since when, what that means, and how to end it. */
export function LockdownBanner({ lockdown: { active, since } }: Pick<Overview, 'lockdown'>) {
  if (!active) return null;
  return (
    <section class="lockdown" aria-label="Lockdown">
      <p>
        <strong>A lockdown is active</strong>
        {since !== null && (
          <>
            , for <Age time={since} />
          </>
        )}
        . No value is served from the cache, and no rotation starts by itself. To end it, run{' '}
        <code>vault-swarm lockdown --release</code>.
      </p>
    </section>
  );
}
