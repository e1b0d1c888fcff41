import { withoutTag } from '@vault-swarm/docker/config';
import { distance } from '@vault-swarm/kernel';

/** Whether someone who wrote `other` may have meant `name`: another case, other signs, a letter or two, another directory. */
export function resembles(other: string, name: string): boolean {
  const [a, b] = [bare(other), bare(name)];
  return withoutTag(other) !== withoutTag(name) && (a === b || distance(a, b) <= Math.min(3, Math.floor(b.length / 5)));
}

function bare(name: string): string {
  return withoutTag(name)
    .replace(/^.*\//, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '');
}
