import { type JsonLimits, limitJson, TooMuchJson } from '@vault-swarm/provider';
import { list, natural, object, string, timeMs } from '../ledger/json-guards.ts';
import { spreadOf } from './spread.ts';

/**
 * What one issue returned, without its values. For the rotation it is a revision that the plugin created. All times are
 * in milliseconds since 1970.
 */
export interface LeaseSet {
  /** Unique in the document. */
  readonly id: string;
  readonly serviceId: string;
  readonly generation: number;
  readonly provider: string;
  /** The `leaseKey` of its refs. */
  readonly leaseKey: string;
  /** Sets of an earlier epoch are replaced: a greater epoch of a service is a reason to roll it. */
  readonly epoch: number;
  readonly issuedAtMs: number;
  /** `null`: it can't be renewed or revoked by id, or the plugin does not know it. */
  readonly leaseId: string | null;
  /** How long a renewal extends it; 0 if it is not renewed. */
  readonly renewalMs: number;
  /** When it ends whatever is renewed; `null` if that is not known yet. */
  readonly endMs: number | null;
  /** The holder that owns it; `null`: the plugin's login does, or the provider keeps no lease. */
  readonly holder: string | null;
  /** Its tasks that were created until this time, by the orchestrator's clock, are known to have it. */
  readonly knownUntilMs: number;
}

/** A token that owns the sets of a generation. */
export interface StoredHolder {
  readonly accessor: string;
  readonly serviceId: string;
  readonly generation: number;
  readonly provider: string;
  readonly ttlMs: number;
}

/** All leases of the plugin, shared by the managers. It has no values and no tokens. */
export interface LeaseDocument {
  readonly sets: readonly LeaseSet[];
  readonly holders: readonly StoredHolder[];
}

/** No leases. */
export const NO_LEASES: LeaseDocument = { sets: [], holders: [] };

/** Every change of the content needs a new format, as in the ledger. */
const FORMAT = 1;
const LIMITS: JsonLimits = { maxDepth: 6, maxValues: 500_000 };

/** How this version understands a document's text. `newer`: a later version wrote it, so it must not be overwritten. */
export type LeaseReading =
  | { readonly kind: 'readable'; readonly document: LeaseDocument }
  | { readonly kind: 'newer' }
  | { readonly kind: 'damaged' };

/** Serialises the document. Texts that many sets share (services, lease keys, prefixes of lease ids) are written once. */
export function serialiseLeases({ sets, holders }: LeaseDocument): string {
  const texts = new Map<string, number>();
  const indexOf = (text: string) => {
    const index = texts.get(text) ?? texts.size;
    texts.set(text, index);
    return index;
  };
  const rows = sets.map((set) => {
    const cut = (set.leaseId?.lastIndexOf('/') ?? -1) + 1;
    return [
      set.id,
      indexOf(set.serviceId),
      set.generation,
      indexOf(set.provider),
      indexOf(set.leaseKey),
      set.epoch,
      set.issuedAtMs,
      set.leaseId === null ? null : [indexOf(set.leaseId.slice(0, cut)), set.leaseId.slice(cut)],
      set.renewalMs,
      set.endMs,
      set.holder === null ? null : indexOf(set.holder),
      set.knownUntilMs,
    ];
  });
  const held = holders.map(({ accessor, serviceId, generation, provider, ttlMs }) => [
    indexOf(accessor),
    indexOf(serviceId),
    generation,
    indexOf(provider),
    ttlMs,
  ]);
  return JSON.stringify({ format: FORMAT, texts: [...texts.keys()], sets: rows, holders: held });
}

/** Reads what {@link serialiseLeases} wrote. */
export function readLeases(text: string): LeaseReading {
  try {
    limitJson(text, LIMITS);
    const root = object(JSON.parse(text));
    if (natural(root.format) > FORMAT) return { kind: 'newer' };
    const texts = list(root.texts).map(string);
    const textAt = (index: unknown) => string(texts[natural(index)]);
    const sets = list(root.sets).map((row): LeaseSet => {
      const [
        id,
        serviceId,
        generation,
        provider,
        leaseKey,
        epoch,
        issuedAtMs,
        leaseId,
        renewalMs,
        endMs,
        holder,
        until,
      ] = list(row);
      return {
        id: string(id),
        serviceId: textAt(serviceId),
        generation: natural(generation),
        provider: textAt(provider),
        leaseKey: textAt(leaseKey),
        epoch: natural(epoch),
        issuedAtMs: timeMs(issuedAtMs),
        leaseId: leaseId === null ? null : `${textAt(list(leaseId)[0])}${string(list(leaseId)[1])}`,
        renewalMs: natural(renewalMs),
        endMs: endMs === null ? null : timeMs(endMs),
        holder: holder === null ? null : textAt(holder),
        knownUntilMs: timeMs(until),
      };
    });
    const holders = list(root.holders).map((row): StoredHolder => {
      const [accessor, serviceId, generation, provider, ttlMs] = list(row);
      return {
        accessor: textAt(accessor),
        serviceId: textAt(serviceId),
        generation: natural(generation),
        provider: textAt(provider),
        ttlMs: natural(ttlMs),
      };
    });
    return { kind: 'readable', document: { sets, holders } };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof TooMuchJson)
      return { kind: 'damaged' };
    throw error;
  }
}

const ADOPTED = 'unknown-';

/** The id of a set that tasks have and nobody knows. It is always the same for the same tasks. */
export function adoptedId(serviceId: string, generation: number, leaseKey: string, fromMs: number): string {
  return `${ADOPTED}${serviceId}-${generation}-${Math.floor(spreadOf(leaseKey) * 2 ** 32).toString(36)}-${fromMs}`;
}

/** Whether it stands for a set that nobody knows. */
export function isAdopted({ id }: LeaseSet): boolean {
  return id.startsWith(ADOPTED);
}

/** The sets and holders of one generation of a service. */
export function isOfGeneration(
  of: Pick<LeaseSet, 'serviceId' | 'generation'>,
  serviceId: string,
  generation: number,
): boolean {
  return of.serviceId === serviceId && of.generation === generation;
}

/** A generation of a service, as a key of a map. */
export function generationKey(serviceId: string, generation: number): string {
  return `${serviceId} ${generation}`;
}

/** What a holder is called where sets and holders have one name space. */
export function holderId({ accessor }: Pick<StoredHolder, 'accessor'>): string {
  return `holder ${accessor}`;
}
