import type { Vault } from '../servers/vault.ts';
import type { AppRole } from './bench.ts';
import { MOUNT } from './catalog.ts';

/** Creates an AppRole that can read the benchmark's secrets and their metadata. */
export async function makeAppRole(vault: Vault): Promise<AppRole> {
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await vault.request(method, path, body);
    if (answer.status >= 300) throw new Error(`Vault answered ${method} ${path} with ${answer.status} ${answer.text}`);
    return answer.body as { readonly data: Readonly<Record<string, string>> };
  };
  const policy = ['data', 'metadata'].map((kind) => `path "${MOUNT}/${kind}/*" { capabilities = ["read"] }`).join('\n');
  await ask('POST', 'sys/policies/acl/bench', { policy });
  await ask('POST', 'sys/auth/approle', { type: 'approle' });
  await ask('POST', 'auth/approle/role/bench', { token_policies: ['bench'] });
  const { data: role } = await ask('GET', 'auth/approle/role/bench/role-id');
  const { data: secret } = await ask('POST', 'auth/approle/role/bench/secret-id');
  return { roleId: role.role_id ?? '', secretId: secret.secret_id ?? '' };
}
