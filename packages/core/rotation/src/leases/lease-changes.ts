import { isOfGeneration, type LeaseDocument, type LeaseSet, type StoredHolder } from './lease-document.ts';

/**
 * A change of the document that is not written yet. It is applied again to each document that was read, until it is
 * written. So it must not matter if it is applied twice.
 */
export type LeaseChange = (document: LeaseDocument) => LeaseDocument;

/** Records a set, or a set that tasks have and nobody knows. */
export function addSet(set: LeaseSet): LeaseChange {
  return (document) =>
    document.sets.some(({ id }) => id === set.id) ? document : { ...document, sets: [...document.sets, set] };
}

/** Records a holder. */
export function addHolder(holder: StoredHolder): LeaseChange {
  return (document) =>
    document.holders.some(({ accessor }) => accessor === holder.accessor)
      ? document
      : { ...document, holders: [...document.holders, holder] };
}

/** Sets become known to end at this time at the latest. */
export function endSets(isMeant: (set: LeaseSet) => boolean, endMs: number): LeaseChange {
  return mapSets((set) =>
    isMeant(set) && (set.endMs === null || set.endMs > endMs)
      ? { ...set, endMs: Math.max(endMs, set.issuedAtMs) }
      : set,
  );
}

/** All tasks that were created until this time and are not known otherwise have this set. */
export function knowTasks(setId: string, untilMs: number): LeaseChange {
  return mapSets((set) => (set.id === setId && set.knownUntilMs < untilMs ? { ...set, knownUntilMs: untilMs } : set));
}

/** Removes a holder that was revoked, with the sets that ended with it. */
export function removeHolder(accessor: string): LeaseChange {
  return (document) =>
    document.holders.some((holder) => holder.accessor === accessor)
      ? {
          sets: document.sets.filter(({ holder }) => holder !== accessor),
          holders: document.holders.filter((holder) => holder.accessor !== accessor),
        }
      : document;
}

/** Removes a set that was revoked, or that can't be. */
export function removeSet(setId: string): LeaseChange {
  return (document) =>
    document.sets.some(({ id }) => id === setId)
      ? { ...document, sets: document.sets.filter(({ id }) => id !== setId) }
      : document;
}

/** Applies the changes in their order. Returns the same document if none has an effect. */
export function applyChanges(document: LeaseDocument, changes: readonly LeaseChange[]): LeaseDocument {
  return changes.reduce((changed, change) => change(changed), document);
}

/** The sets of a generation for one lease key, the newest last. */
export function setsOf(
  { sets }: LeaseDocument,
  serviceId: string,
  generation: number,
  leaseKey: string,
): readonly LeaseSet[] {
  return sets.filter((set) => set.leaseKey === leaseKey && isOfGeneration(set, serviceId, generation));
}

function mapSets(map: (set: LeaseSet) => LeaseSet): LeaseChange {
  return (document) => {
    const sets = document.sets.map(map);
    return sets.every((set, index) => set === document.sets[index]) ? document : { ...document, sets };
  };
}
