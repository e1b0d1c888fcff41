import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tempDirectory } from '../process/sandbox.ts';
import { startVault } from './vault.ts';

const directory = tempDirectory();
afterAll(() => directory.remove());

describe('a Vault of the lab', () => {
  it.each([
    { kvVersion: 1, path: 'secret/app', written: { a: 1 }, tls: false, field: 'data.a' },
    { kvVersion: 2, path: 'secret/data/app', written: { data: { a: 1 } }, tls: true, field: 'data.data.a' },
  ] as const)('serves KV v$kvVersion, TLS $tls', async ({ kvVersion, path, written, tls, field }) => {
    const vault = await startVault({ dir: join(directory.path, `vault${kvVersion}`), kvVersion, tls });
    try {
      expect((await vault.request('GET', path)).status).toBe(404);
      expect((await vault.request('POST', path, written)).status).toBeLessThan(300);
      expect((await vault.request('GET', path)).body).toHaveProperty(field, 1);
      expect((await vault.request('GET', path, undefined, { token: 'wrong' })).status).toBe(403);
    } finally {
      await vault.stop();
    }
  });
});
