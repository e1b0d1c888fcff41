/**
 * A process of its own that reads values through the adapter, lets go of them, lets 2 s pass, and writes what is left of
 * its heap to standard output, and of the buffers in which its sockets received the values. Arguments: Vault's address, a token, and `drop`, or
 * `keep` to keep the values as texts.
 */
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { getHeapSnapshot } from 'node:v8';
import { SteppedClock } from '@vault-swarm/lab/clocks';
import { probeAll, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { SecretValue } from '@vault-swarm/provider';
import { providerOf, refTo } from './configured.ts';

const [address, token, what] = process.argv.slice(2);
/** What the values start with: the whole of one must not be in this process by other ways. */
const CANARY = 'canary-';
const clock = new SteppedClock();
const provider = providerOf({ VAULT_ADDR: address, VAULT_TOKEN: token }, clock);
const kept: string[] = [];
const values: WeakRef<SecretValue>[] = [];

const received: Uint8Array[] = [];
const { push } = Readable.prototype;
Readable.prototype.push = function (this: Readable, chunk: unknown, ...others) {
  if (this instanceof Socket && Buffer.isBuffer(chunk) && chunk.includes(CANARY)) received.push(chunk);
  return push.call(this, chunk, ...others);
};

async function read(): Promise<void> {
  const refs = ['password', 'nested.text'].map((field) => refTo('canary', { field }));
  refs.push(refTo('canary', { field: 'encoded', encoding: 'base64' }), refTo('canary', { encoding: 'json' }));
  for (const { value } of await Promise.all([...refs, ...refs].map((ref) => provider.secrets.read(ref, soon())))) {
    values.push(new WeakRef(value));
    if (what === 'keep') kept.push(Buffer.from(value.reveal()).toString());
  }
  // What is read and then refused is let go of, too.
  await vaultErrorOf(provider.secrets.read(refTo('canary', { field: 'none' }), soon()));
  await vaultErrorOf(provider.secrets.read(refTo('canary', { field: 'password', encoding: 'base64' }), soon()));
  const { revision } = await provider.secrets.read(refTo('canary', { field: 'password' }), soon());
  await provider.revisions?.readRevision(refTo('canary', { field: 'password' }), revision, soon());
  await probeAll(provider, refTo('canary'));
}

await read();
// How long a secret with several fields stays cached for clients that read them one after the other.
clock.advance(2_000);
// WeakRefs hold on to what they refer to until the present turn of the event loop is over.
await new Promise((resolve) => setImmediate(resolve));
globalThis.gc?.();
const alive = values.filter((value) => value.deref() !== undefined).length;
await pipeline(getHeapSnapshot(), process.stdout, { end: false });
const left = received.filter((chunk) => Buffer.from(chunk.buffer).includes(CANARY)).length;
process.stdout.write(
  `\nvalues alive: ${alive} of ${values.length}, texts kept: ${kept.length}, socket buffers: ${left} of ${received.length}\n`,
);
await provider.close();
