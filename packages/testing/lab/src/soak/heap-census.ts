import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../process/wait-for.ts';

/** Bytes of living objects by class, as `object Map`, `string` or `native Node / …`. */
export type HeapCensus = ReadonlyMap<string, number>;

interface HeapSnapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: string[]; readonly node_types: [string[], ...unknown[]] };
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

/** Kinds of nodes whose name is a value of the program, not a class. */
const NAMELESS = new Set(['string', 'concatenated string', 'sliced string', 'code', 'number', 'symbol', 'bigint']);

/**
 * Counts the living objects of a process that was started with `--heapsnapshot-signal=SIGUSR2` and
 * `--diagnostic-dir=DIRECTORY`. Its garbage is collected first, and it stops for a second or two.
 * The snapshot, which contains all values, is removed.
 */
export async function takeHeapCensus(pid: number, directory: string): Promise<HeapCensus> {
  process.kill(pid, 'SIGUSR2');
  const snapshot = await waitFor(
    async () => {
      const name = (await readdir(directory)).find((entry) => entry.endsWith('.heapsnapshot'));
      // While it is still being written, JSON.parse throws.
      return name !== undefined && (JSON.parse(await readFile(join(directory, name), 'utf8')) as HeapSnapshot);
    },
    { timeoutMs: 60_000, intervalMs: 1_000, what: `a heap snapshot in ${directory}` },
  );
  for (const name of await readdir(directory)) {
    if (name.endsWith('.heapsnapshot')) await rm(join(directory, name));
  }
  return censusOf(snapshot);
}

function censusOf({ snapshot, nodes, strings }: HeapSnapshot): HeapCensus {
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [type, name, size] = ['type', 'name', 'self_size'].map((field) => fields.indexOf(field)) as [
    number,
    number,
    number,
  ];
  const census = new Map<string, number>();
  for (let at = 0; at < nodes.length; at += fields.length) {
    const kind = types[0][nodes[at + type] ?? 0] ?? '';
    const shown = NAMELESS.has(kind) ? kind : `${kind} ${strings[nodes[at + name] ?? 0]?.slice(0, 60)}`;
    census.set(shown, (census.get(shown) ?? 0) + (nodes[at + size] ?? 0));
  }
  return census;
}

/** The total bytes of a census. */
export function bytesOf(census: HeapCensus): number {
  return [...census.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** The growth of each class between two censuses in bytes, largest first. */
export function growth(before: HeapCensus, after: HeapCensus): readonly (readonly [string, number])[] {
  return [...after]
    .map(([name, bytes]) => [name, bytes - (before.get(name) ?? 0)] as const)
    .filter(([, bytes]) => bytes > 0)
    .sort(([, a], [, b]) => b - a);
}
