import { useComputed } from '@preact/signals';
import { formatAge, formatMoment, visible } from '../format.ts';
import { useDashboard } from './context.ts';

/** The age of a moment, updated while it is shown; the moment itself in its tooltip. */
export function Age({ time }: { readonly time: string }) {
  const { clock } = useDashboard();
  const age = useComputed(() => formatAge(clock.nowMs.value - Date.parse(time)));
  return (
    <time dateTime={time} title={formatMoment(time)}>
      {age}
    </time>
  );
}

/** The age of a moment, or a text if there was none. */
export function Ago({ time, never }: { readonly time: string | null; readonly never: string }) {
  if (time === null) return <span class="soft">{never}</span>;
  return (
    <>
      <Age time={time} /> ago
    </>
  );
}

/** How far in the future a moment is, updated while it is shown; or a text if it is not known. */
export function Until({ time, unknown }: { readonly time: string | null; readonly unknown: string }) {
  const { clock } = useDashboard();
  const left = useComputed(() => (time === null ? 0 : Date.parse(time) - clock.nowMs.value));
  if (time === null) return <span class="soft">{unknown}</span>;
  return (
    <time dateTime={time} title={formatMoment(time)}>
      {left.value > 0 ? `in ${formatAge(left.value)}` : 'now'}
    </time>
  );
}

/** A name that a user chose. */
export function Name({ children }: { readonly children: string }) {
  return <bdi>{visible(children)}</bdi>;
}

/** A revision by the name for people; the tooltip has all of it. */
export function Revision({ revision, name }: { readonly revision: string; readonly name: string | null }) {
  const short = name ?? revision.replace(/@.*/, '');
  return <code title={visible(revision)}>{/^\d+$/.test(short) ? `v${short}` : visible(short)}</code>;
}

/** A revision, or a location at a provider; the tooltip has the complete text if it is cut. */
export function Code({ children }: { readonly children: string }) {
  return <code title={visible(children)}>{visible(children)}</code>;
}
