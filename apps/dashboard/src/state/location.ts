import { type Signal, signal } from '@preact/signals';
import { type ListView, WHOLE_LIST } from './list-view.ts';

const tabs = ['services', 'secrets', 'log'] as const;

/** One of the page's lists. On a wide page the log is beside them. */
export type Tab = (typeof tabs)[number];

/** A service or a secret that is shown alone, with its history. */
export interface Detail {
  readonly kind: 'service' | 'secret';
  readonly name: string;
}

/** Where the user is on the page. It is kept in the address, so that a reload or a shared link shows the same. */
export interface Place {
  readonly tab: Tab;
  readonly view: ListView;
  /** Shown instead of the list. */
  readonly detail?: Detail;
}

/** Parses what {@link placeText} wrote; unknown parts keep their defaults. */
export function placeFrom(hash: string): Place {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const show = given.get('show');
  const detail = detailFrom(given);
  const tab = detail === null ? tabs.find((each) => each === given.get('list')) : TAB_OF[detail.kind];
  return {
    ...(detail !== null && { detail }),
    tab: tab ?? 'services',
    view: {
      search: given.get('search') ?? WHOLE_LIST.search,
      show: show === 'problem' || show === 'rolling' ? show : WHOLE_LIST.show,
      sort: given.get('sort') ?? WHOLE_LIST.sort,
      descending: given.get('order') === 'descending',
    },
  };
}

/** The list in which it is. */
const TAB_OF: Readonly<Record<Detail['kind'], Tab>> = { service: 'services', secret: 'secrets' };

function detailFrom(given: URLSearchParams): Detail | null {
  for (const kind of ['service', 'secret'] as const) {
    const name = given.get(kind);
    if (name !== null && name !== '') return { kind, name };
  }
  return null;
}

/** The part of the address for this place; empty for the start. */
export function placeText({ tab, view, detail }: Place): string {
  const text = new URLSearchParams();
  if (detail !== undefined) text.set(detail.kind, detail.name);
  else if (tab !== 'services') text.set('list', tab);
  if (view.search !== '') text.set('search', view.search);
  if (view.show !== 'all') text.set('show', view.show);
  if (view.sort !== WHOLE_LIST.sort) text.set('sort', view.sort);
  if (view.descending) text.set('order', 'descending');
  const written = text.toString();
  return written === '' ? '' : `#${written}`;
}

/** The place as a signal that updates the address. */
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
