import {
  measureElement,
  observeWindowOffset,
  observeWindowRect,
  type VirtualItem,
  Virtualizer,
  windowScroll,
} from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useRef } from 'preact/hooks';

const OVERSCAN = 8;

/** The rows of a long list near the window, and the space of the others. */
export interface VirtualRows {
  readonly items: readonly VirtualItem[];
  readonly beforePx: number;
  readonly afterPx: number;
  /** Must be called with each row's element, whose index is in `data-index`. */
  readonly measure: (element: HTMLElement | null) => void;
}

/**
 * Which rows of a list to draw: the page scrolls as if all were there.
 *
 * @param list the element of the rows
 * @param keyOf a name for each row that it keeps when the list changes
 */
export function useVirtualRows(
  list: RefObject<HTMLElement | null>,
  count: number,
  estimatePx: number,
  keyOf: (index: number) => string,
): VirtualRows {
  const [, redraw] = useReducer((turn: number) => turn + 1, 0);
  const margin = useRef(0);
  const options = {
    count,
    getScrollElement: () => window,
    estimateSize: () => estimatePx,
    getItemKey: keyOf,
    overscan: OVERSCAN,
    scrollMargin: margin.current,
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll<Window>,
    measureElement: measureElement<HTMLElement>,
    onChange: () => redraw(0),
  };
  const made = useRef<Virtualizer<Window, HTMLElement> | null>(null);
  made.current ??= new Virtualizer<Window, HTMLElement>(options);
  const virtualizer = made.current;
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  useEffect(() => {
    // The content above the list changes its height.
    const place = () => {
      const top = list.current === null ? 0 : Math.round(list.current.getBoundingClientRect().top + scrollY);
      if (top === margin.current) return;
      margin.current = top;
      redraw(0);
    };
    place();
    const resized = new ResizeObserver(place);
    resized.observe(document.body);
    return () => resized.disconnect();
  }, [list]);
  const items = virtualizer.getVirtualItems();
  const first = items[0];
  const last = items.at(-1);
  return {
    items,
    beforePx: first === undefined ? 0 : first.start - margin.current,
    afterPx: last === undefined ? 0 : virtualizer.getTotalSize() - (last.end - margin.current),
    measure: virtualizer.measureElement,
  };
}
