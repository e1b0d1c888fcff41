import { useEffect, useRef } from 'preact/hooks';
import { counted, formatCount } from '../format.ts';
import type { ListView } from '../state/list-view.ts';

const WORDS: Readonly<Record<ListView['show'], string>> = {
  all: 'All',
  problem: 'Only with a problem',
  rolling: 'Only rolling out',
};

interface ListToolsProps {
  readonly view: ListView;
  readonly shows: readonly ListView['show'][];
  readonly onView: (view: ListView) => void;
  readonly noun: string;
  readonly shown: number;
  readonly total: number;
}

/** Search and filter of a list. The key `/` focuses the search, Escape clears it. */
export function ListTools({ view, shows, onView, noun, shown, total }: ListToolsProps) {
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector('dialog[open]') !== null) return;
      event.preventDefault();
      search.current?.focus();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <search class="tools">
      <input
        ref={search}
        type="search"
        aria-label="Search names"
        aria-keyshortcuts="/"
        placeholder="Search  ( / )"
        autocomplete="off"
        spellcheck={false}
        value={view.search}
        onInput={({ currentTarget }) => onView({ ...view, search: currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onView({ ...view, search: '' });
        }}
      />
      <select
        aria-label="Filter"
        value={shows.includes(view.show) ? view.show : 'all'}
        onChange={({ currentTarget }) =>
          onView({ ...view, show: shows.find((show) => show === currentTarget.value) ?? 'all' })
        }
      >
        {shows.map((show) => (
          <option key={show} value={show}>
            {WORDS[show]}
          </option>
        ))}
      </select>
      {view.sort !== 'state' && (
        <button type="button" class="quiet" onClick={() => onView({ ...view, sort: 'state', descending: false })}>
          Problems first
        </button>
      )}
      <output class="soft">
        {shown === total ? counted(total, noun) : `${formatCount(shown)} of ${counted(total, noun)}`}
      </output>
    </search>
  );
}
