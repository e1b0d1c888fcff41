/** A set as it is stored, without what runs do not need. */
export interface StoredSet {
  readonly id: string;
  readonly serviceId: string;
  readonly generation: number;
  readonly leaseKey: string;
  readonly epoch: number;
  readonly endMs: number | null;
}

/** The sets of stored accounts, and the accessors of their holders. Nothing is stored as ''. */
export function storedLeases(text: string): {
  readonly sets: readonly StoredSet[];
  readonly accessors: ReadonlySet<string>;
} {
  if (text === '') return { sets: [], accessors: new Set() };
  const { texts, sets, holders } = JSON.parse(text);
  return {
    sets: sets.map(([id, serviceId, generation, , leaseKey, epoch, , , , endMs]: readonly never[]) => {
      return { id, serviceId: texts[serviceId ?? -1], generation, leaseKey: texts[leaseKey ?? -1], epoch, endMs };
    }),
    accessors: new Set(holders.map(([accessor]: readonly number[]) => texts[accessor ?? -1])),
  };
}

/** Whether tasks have it, and nobody knows it. */
export function isUnknown({ id }: StoredSet): boolean {
  return id.startsWith('unknown-');
}
