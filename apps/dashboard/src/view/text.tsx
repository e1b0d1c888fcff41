import { useComputed } from '@preact/signals';
import { formatAge, formatMoment, visible } from '../format.ts';
import { useDashboard } from './context.ts';

/** How long ago a moment was, counted on while it is shown; the moment itself for who points at it. */
export function Age({ time }: { readonly time: string }) {
  const { clock } = useDashboard();
  const age = useComputed(() => formatAge(clock.nowMs.value - Date.parse(time)));
  return (
    <time dateTime={time} title={formatMoment(time)}>
      {age}
    </time>
  );
}

/** How long ago, or what to say where there was no such moment. */
export function Ago({ time, never }: { readonly time: string | null; readonly never: string }) {
  if (time === null) return <span class="soft">{never}</span>;
  return (
    <>
      <Age time={time} /> ago
    </>
  );
}

/** A name that somebody else chose. */
export function Name({ children }: { readonly children: string }) {
  return <bdi>{visible(children)}</bdi>;
}

/** A revision, or a place at a provider: in full for who points at it, where there is no room for it. */
export function Code({ children }: { readonly children: string }) {
  return <code title={visible(children)}>{visible(children)}</code>;
}
