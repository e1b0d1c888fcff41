import type { Tab } from '../state/location.ts';

interface TabsProps {
  readonly tabs: readonly { readonly tab: Tab; readonly title: string; readonly wrong: number }[];
  readonly chosen: Tab;
  readonly onChoose: (tab: Tab) => void;
}

/** The tabs of the lists; the arrow keys move between them. */
export function Tabs({ tabs, chosen, onChoose }: TabsProps) {
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = tabs.findIndex(({ tab }) => tab === chosen);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (next === undefined) return;
    onChoose(next.tab);
    document.getElementById(`tab-${next.tab}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Lists" onKeyDown={move}>
      {tabs.map(({ tab, title, wrong }) => (
        <button
          key={tab}
          id={`tab-${tab}`}
          type="button"
          role="tab"
          aria-selected={tab === chosen}
          aria-controls="list"
          tabIndex={tab === chosen ? 0 : -1}
          onClick={() => onChoose(tab)}
        >
          {title}
          {wrong > 0 && (
            <span class="tag bad">
              {wrong}
              <span class="wrong-word"> wrong</span>
            </span>
          )}
        </button>
      ))}
    </div>
  );
}
