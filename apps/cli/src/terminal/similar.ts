import { distance } from '@vault-swarm/kernel';

/** The known name that was probably meant; `null` if none is similar. */
export function similarTo(given: string, known: readonly string[]): string | null {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const ranked = known
    .map((name) => ({ name, by: distance(plain(given), plain(name)) }))
    .toSorted((a, b) => a.by - b.by);
  const [nearest] = ranked;
  if (nearest !== undefined && nearest.by <= Math.max(1, Math.floor(given.length / 4))) return nearest.name;
  // A service is often named without its stack.
  const ending = known.filter((name) => name.endsWith(`_${given}`));
  return ending.length === 1 ? (ending[0] ?? null) : null;
}
