import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RealVault, startRealVault } from './testing/real-vault.ts';

let vault: RealVault;
const canary = `canary-${randomBytes(16).toString('hex')}`;

beforeAll(async () => {
  vault = await startRealVault();
  const data = {
    password: canary,
    nested: { text: `${canary} in an object` },
    encoded: Buffer.from(canary).toString('base64'),
  };
  await vault.admin.send('POST', 'secret/data/canary', { data });
});
afterAll(() => vault?.stop());

/** The heap of a process after it has read the canary, as text. */
async function heapAfterReading(what: 'drop' | 'keep'): Promise<string> {
  const script = fileURLToPath(new URL('./testing/heap-reader.ts', import.meta.url));
  const flags = ['--conditions=@vault-swarm/source', '--expose-gc'];
  const child = spawn(process.execPath, [...flags, script, vault.address, vault.token, what], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return text(child.stdout);
}

test('two seconds after a value was released, neither it nor its response is on the heap or in a buffer of a socket', async () => {
  const dropped = await heapAfterReading('drop');
  expect(dropped.slice(-100)).toMatch(/values alive: 0 of 8, texts kept: 0, socket buffers: 0 of [1-9]/);
  for (const form of [canary, Buffer.from(canary).toString('base64').replace(/=+$/, '')]) {
    const at = dropped.indexOf(form);
    expect(at === -1 ? '' : dropped.slice(at - 100, at + 100)).toBe('');
  }
  // Where it is kept it is found, so that looking for it means something.
  expect(await heapAfterReading('keep')).toContain(canary);
});
