import type { RevisionOrder } from '@vault-swarm/provider';
import { isNumber } from './secret-name.ts';

/**
 * One version of one secret. Google's numbers start again with a secret that was deleted and created again, so a
 * revision also has the version's creation time: `5@2026-11-29T10:00:00.123456Z`. If that is not known, it has a keyed
 * digest of the value instead: `5-DIGEST`.
 */
export interface GcpRevision {
  readonly number: string;
  readonly createdAt: string | undefined;
  readonly digest: string | undefined;
}

/** The text of a revision. */
export function formatRevision({ number, createdAt, digest = '' }: GcpRevision): string {
  return createdAt === undefined ? `${number}-${digest}` : `${number}@${createdAt}`;
}

/** The parts of a revision; `undefined` if a text is none. */
export function parseRevision(text: string): GcpRevision | undefined {
  const [, number, mark, rest] = /^(\d+)([@-])(.+)$/s.exec(text) ?? [];
  if (number === undefined || rest === undefined || !isNumber(number)) return undefined;
  if (mark === '-') return { number, createdAt: undefined, digest: rest };
  return isTime(rest) ? { number, createdAt: rest, digest: undefined } : undefined;
}

/** Whether a text is a time as Google writes it: RFC 3339 in UTC with up to nine decimals. */
export function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** Orders revisions by creation time, which has nanoseconds; unknown if one of them has none. */
export const gcpRevisionOrder: RevisionOrder = {
  compare(a, b) {
    const [first, second] = [sortable(a), sortable(b)];
    if (first === undefined || second === undefined) return undefined;
    return first < second ? -1 : Number(first > second);
  },
};

function sortable(revision: string): string | undefined {
  const createdAt = parseRevision(revision)?.createdAt;
  if (createdAt === undefined) return undefined;
  const [seconds = '', decimals = ''] = createdAt.slice(0, -1).split('.');
  return `${seconds}.${decimals.padEnd(9, '0')}`;
}
