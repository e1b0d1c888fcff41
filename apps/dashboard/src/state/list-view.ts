/** The shown part of a list, and its order. */
export interface ListView {
  readonly search: string;
  readonly show: 'all' | 'problem' | 'rolling';
  /** The column; `state` sorts what needs attention first. */
  readonly sort: string;
  readonly descending: boolean;
}

/** Everything, sorted by what needs attention first. */
export const WHOLE_LIST: ListView = { search: '', show: 'all', sort: 'state', descending: false };

const collator = new Intl.Collator('en', { numeric: true });

/** Compares names in natural order: `web-2` before `web-10`. */
export function compareNames(a: string, b: string): number {
  return collator.compare(a, b);
}

/** Whether each word of the search is in one of the texts, in any case. */
export function isFound(search: string, texts: readonly string[]): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const lowered = texts.map((text) => text.toLowerCase());
  return words.every((word) => lowered.some((text) => text.includes(word)));
}
