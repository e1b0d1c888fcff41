import type { Vault } from '../servers/vault.ts';
import type { SecretLocation } from './label-template.ts';

/** A secret of the benchmark, with its expected value. */
export interface BenchSecret extends SecretLocation {
  /** Its name in Swarm. */
  readonly name: string;
  readonly value: string;
}

/** Which secrets to write. */
export interface CatalogOptions {
  /** The prefix of all paths, so that cases do not share any. */
  readonly prefix: string;
  readonly paths: number;
  readonly fieldsPerPath?: number;
}

/** The mount of all secrets. */
export const MOUNT = 'secret';
const WRITES_AT_ONCE = 8;

/** Writes secrets to Vault. Resolves to them, grouped by path. */
export async function writeSecrets(
  vault: Vault,
  { prefix, paths, fieldsPerPath = 1 }: CatalogOptions,
): Promise<readonly BenchSecret[]> {
  const secrets: BenchSecret[] = [];
  const bodies: (readonly [string, Readonly<Record<string, string>>])[] = [];
  for (let index = 0; index < paths; index++) {
    const path = `bench/${prefix}/path-${index}`;
    const fields = Array.from({ length: fieldsPerPath }, (_, nth) => `field-${nth}`);
    const ofPath = fields.map((field) => ({
      name: `${prefix}-${index}-${field}`,
      path,
      field,
      value: `the value of ${path} ${field}`,
    }));
    secrets.push(...ofPath);
    bodies.push([path, Object.fromEntries(ofPath.map(({ field, value }) => [field, value]))]);
  }
  const waiting = bodies.values();
  const work = async () => {
    for (const [path, data] of waiting) {
      const { status } = await vault.request('POST', `${MOUNT}/data/${path}`, { data });
      if (status !== 200) throw new Error(`Vault answered the write of ${path} with ${status}`);
    }
  };
  await Promise.all(Array.from({ length: WRITES_AT_ONCE }, work));
  return secrets;
}
