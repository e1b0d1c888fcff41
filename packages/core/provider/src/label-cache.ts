import { BoundedMap } from '@vault-swarm/kernel';
import type { Labels, SecretLabels } from './secret-labels.ts';

/** So many secrets are cached; for each service again if their paths depend on it. The oldest are evicted. */
const MAX_ENTRIES = 25_000;

/** Labels that are longer, in UTF-16 code units of names and values, are read each time: the cache has a bound in bytes too. */
const MAX_LENGTH = 1_000;

interface Entry {
  readonly labels: Labels;
  readonly read: SecretLabels;
}

/**
 * What labels say, by the secret's name; by its service's too only if the path depends on the service. A storm asks for each
 * secret for each of its tasks, and a pass reads the labels of each secret for each of its services.
 */
export class LabelCache {
  readonly #bySecret = new BoundedMap<Entry>({ maxEntries: MAX_ENTRIES });
  readonly #byService = new BoundedMap<Entry>({ maxEntries: MAX_ENTRIES });

  /** What exactly these labels were read as; `undefined` if they were not. */
  get(labels: Labels, secretName: string, serviceName: string | undefined): SecretLabels | undefined {
    let entry = this.#bySecret.get(secretName);
    if (entry?.read.isPerService === true) entry = this.#byService.get(keyOf(secretName, serviceName));
    return entry !== undefined && areSame(entry.labels, labels) ? entry.read : undefined;
  }

  /** These labels were read as `read`. */
  set(labels: Labels, secretName: string, serviceName: string | undefined, read: SecretLabels): void {
    if (lengthOf(labels) > MAX_LENGTH) return;
    this.#bySecret.set(secretName, { labels, read });
    if (read.isPerService) this.#byService.set(keyOf(secretName, serviceName), { labels, read });
  }
}

function keyOf(secretName: string, serviceName: string | undefined): string {
  return `${serviceName ?? ''}/${secretName}`;
}

function areSame(labels: Labels, others: Labels): boolean {
  if (labels === others) return true;
  let rest = 0;
  for (const name in labels) {
    if (labels[name] !== others[name]) return false;
    rest++;
  }
  for (const _ in others) rest--;
  return rest === 0;
}

function lengthOf(labels: Labels): number {
  return Object.entries(labels).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}
