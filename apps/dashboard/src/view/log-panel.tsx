import { useSignal } from '@preact/signals';
import type { Event, Level } from '@vault-swarm/http/api';
import { formatMoment, formatWhen, visible } from '../format.ts';
import { atLeast } from '../state/event-log.ts';
import { useDashboard } from './context.ts';

const LEVELS: readonly { readonly level: Level; readonly words: string }[] = [
  { level: 'info', words: 'All events' },
  { level: 'warn', words: 'Warnings and errors' },
  { level: 'error', words: 'Errors' },
];

/** The events, newest first, as they happen. */
export function LogPanel() {
  const dashboard = useDashboard();
  const least = useSignal<Level>('info');
  const events = atLeast(dashboard.log.events.value, least.value);
  return (
    <section class="panel log" aria-labelledby="log-title">
      <div class="panel-head">
        <h2 id="log-title">Log</h2>
        <select
          aria-label="Which events"
          value={least.value}
          onChange={({ currentTarget }) => {
            least.value = LEVELS.find(({ level }) => level === currentTarget.value)?.level ?? 'info';
          }}
        >
          {LEVELS.map(({ level, words }) => (
            <option key={level} value={level}>
              {words}
            </option>
          ))}
        </select>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
      <ol class="log-scroll" aria-labelledby="log-title" tabIndex={0}>
        {events.map((event) => (
          <Entry key={event.id} event={event} />
        ))}
        {events.length === 0 && (
          <li class="soft">{least.value === 'info' ? 'There are no events yet.' : 'There are no such events.'}</li>
        )}
        {typeof dashboard.olderEvents.value === 'number' && (
          <li class="older">
            <button type="button" class="quiet" onClick={() => void dashboard.readOlderEvents()}>
              Show older events
            </button>
          </li>
        )}
      </ol>
    </section>
  );
}

const LEVEL_WORDS: Readonly<Record<Level, string>> = { error: 'Error', warn: 'Warning', info: 'Info', debug: 'Debug' };

/** One event as a list item. */
export function Entry({ event: { time, level, message } }: { readonly event: Event }) {
  const { clock } = useDashboard();
  return (
    <li class={`event-${level}`}>
      <time dateTime={time} title={formatMoment(time)}>
        {formatWhen(Date.parse(time), clock.nowMs.peek())}
      </time>
      <span class="message">
        {level !== 'info' && <b class="level">{LEVEL_WORDS[level]}</b>} {visible(message)}
      </span>
    </li>
  );
}
