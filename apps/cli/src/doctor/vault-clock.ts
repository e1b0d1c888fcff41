import { text } from 'node:stream/consumers';
import { boundedBytes } from '@vault-swarm/kernel';
import { Environment } from '@vault-swarm/provider';
import * as z from 'zod';
import { Wire } from '../plugin/wire.ts';
import type { World } from '../world.ts';
import type { ClockReading } from './clock-check.ts';

const DEADLINE_MS = 3_000;
/** The longest answer that is read. Vault's has some 300 bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** What every Vault tells to everybody, sealed or not. */
const health = z.object({ server_time_utc: z.number() });

/**
 * The clock of the Vault that `VAULT_ADDR` names here; `null` where it names none, or none that answers us. Whether the
 * plugin reaches its provider it says itself.
 */
export async function readVaultClock({ env, readFile }: World): Promise<ClockReading | null> {
  const environment = new Environment(env, readFile);
  const given = environment.optional('VAULT_ADDR');
  const path = environment.optional('VAULT_CACERT');
  if (given === undefined || !URL.canParse(given)) return null;
  const url = new URL(given.replace(/\/*$/, '/'));
  if (!['http:', 'https:'].includes(url.protocol)) return null;
  let wire: Wire | null = null;
  try {
    wire = new Wire({ url, source: 'VAULT_ADDR', token: null, ca: path === undefined ? null : readFile(path) });
    const startedMs = Date.now();
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const answer = await wire.send({ method: 'GET', path: 'v1/sys/health', signal });
    const { server_time_utc: seconds } = health.parse(JSON.parse(await text(boundedBytes(answer, MAX_ANSWER_BYTES))));
    // It tells whole seconds that have started.
    const errorMs = (Date.now() - startedMs) / 2;
    return { name: 'Vault', aheadMs: seconds * 1000 + 500 - startedMs - errorMs, errorMs };
  } catch {
    return null;
  } finally {
    wire?.close();
  }
}
