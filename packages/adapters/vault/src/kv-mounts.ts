import { quoted } from '@vault-swarm/kernel';
import type { Environment } from '@vault-swarm/provider';
import { mountProblem, withoutSpareSlashes } from './paths.ts';

/** The versions of the key-value engine. */
export type KvVersion = 'v1' | 'v2';

/**
 * Reads `VAULT_KV_MOUNTS`: mounts with their versions (`secret=v2,legacy=v1`), for servers that do not show their
 * mounts. Problems are reported.
 */
export function parseKvMounts(environment: Environment, name: string): ReadonlyMap<string, KvVersion> {
  const mounts = new Map<string, KvVersion>();
  const given = environment.text(name, '');
  if (given === '') return mounts;
  const problem = (entry: string, why: string) => environment.report(name, `${quoted(entry)} ${why}`);
  for (const entry of given.split(',').map((part) => part.trim())) {
    const [, written = '', version] = /^(.*?)=(v[12])$/.exec(entry) ?? [];
    const mount = withoutSpareSlashes(written);
    const wrong = mountProblem(mount);
    if (version !== 'v1' && version !== 'v2')
      problem(entry, 'must be a mount with its version, such as secret=v2 or legacy=v1');
    else if (wrong !== null) problem(entry, wrong);
    else if (mounts.has(mount)) problem(entry, 'names a mount twice');
    else mounts.set(mount, version);
  }
  return mounts;
}
