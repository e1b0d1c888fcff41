// A worker: asks for its API key when it starts, tells which one it got, and works with that one until it ends.
import { fingerprint } from './fingerprint.ts';

process.once('message', ({ key }: { readonly key: string }) => process.send?.({ worksWith: fingerprint(key) }));
process.once('disconnect', () => process.exit());
process.send?.('which key?');
