import { BoundedMap } from '@vault-swarm/kernel';
import type { Labels, SecretLabels } from './secret-labels.ts';

/** The maximum number of cached secrets. If the path depends on the service, each service counts. The oldest are evicted. */
const MAX_ENTRIES = 25_000;

/** Longer labels (UTF-16 code units of names and values) are not cached, so that the cache has a limit in bytes too. */
const MAX_LENGTH = 1_000;

interface Entry {
  readonly labels: Labels;
  readonly read: SecretLabels;
}

/**
 * Caches what labels mean, by the secret's name. The service's name is part of the key only if the path depends on it.
 * In a storm, each secret is requested for each of its tasks. A reconcile pass reads each secret's labels for each
 * service.
 */
export class LabelCache {
  readonly #bySecret = new BoundedMap<Entry>({ maxEntries: MAX_ENTRIES });
  readonly #byService = new BoundedMap<Entry>({ maxEntries: MAX_ENTRIES });

  /** The cached result for exactly these labels, or `undefined`. */
  get(labels: Labels, secretName: string, serviceName: string | undefined): SecretLabels | undefined {
    let entry = this.#bySecret.get(secretName);
    if (entry?.read.isPerService === true) entry = this.#byService.get(keyOf(secretName, serviceName));
    return entry !== undefined && areSame(entry.labels, labels) ? entry.read : undefined;
  }

  /** Caches `read` as the result for these labels. */
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
