import { type Signal, signal } from '@preact/signals';
import { type ListView, WHOLE_LIST } from './list-view.ts';

const tabs = ['services', 'secrets', 'log'] as const;

/** One of the lists that the page has. On a wide page the log stands beside them. */
export type Tab = (typeof tabs)[number];

/** Where the user is on the page; kept in the address, so that a reload, or a colleague, comes to the same place. */
export interface Place {
  readonly tab: Tab;
  readonly view: ListView;
}

/** Reads what {@link placeText} wrote; what it does not know is left at its start. */
export function placeFrom(hash: string): Place {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const show = given.get('show');
  return {
    tab: tabs.find((tab) => tab === given.get('list')) ?? 'services',
    view: {
      search: given.get('search') ?? WHOLE_LIST.search,
      show: show === 'problem' || show === 'rolling' ? show : WHOLE_LIST.show,
      sort: given.get('sort') ?? WHOLE_LIST.sort,
      descending: given.get('order') === 'descending',
    },
  };
}

/** The part of the address that leads to this place; empty for the start. */
export function placeText({ tab, view }: Place): string {
  const text = new URLSearchParams();
  if (tab !== 'services') text.set('list', tab);
  if (view.search !== '') text.set('search', view.search);
  if (view.show !== 'all') text.set('show', view.show);
  if (view.sort !== WHOLE_LIST.sort) text.set('sort', view.sort);
  if (view.descending) text.set('order', 'descending');
  const written = text.toString();
  return written === '' ? '' : `#${written}`;
}

/** The place as a signal that writes itself into the address. */
export function livePlace(): { readonly place: Signal<Place>; readonly start: () => () => void } {
  const place = signal(placeFrom(location.hash));
  const start = () => {
    const onMove = () => {
      place.value = placeFrom(location.hash);
    };
    addEventListener('hashchange', onMove);
    const unsubscribe = place.subscribe((now) => {
      const text = placeText(now);
      if (text !== location.hash) history.replaceState(null, '', text === '' ? location.pathname : text);
    });
    return () => {
      removeEventListener('hashchange', onMove);
      unsubscribe();
    };
  };
  return { place, start };
}
