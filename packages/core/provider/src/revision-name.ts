const MAX_LENGTH = 13;

/**
 * A revision as people name it: the number of a KV version without its time, or the start of a long id. Only for
 * display, since two revisions may have the same name.
 */
export function revisionName(revision: string): string {
  const [, number] = /^(\d+)@/.exec(revision) ?? [];
  if (number !== undefined) return number;
  return revision.length > MAX_LENGTH ? `${revision.slice(0, MAX_LENGTH - 1)}…` : revision;
}
