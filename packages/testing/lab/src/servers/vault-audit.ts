import { readFile } from 'node:fs/promises';
import type { Vault } from './vault.ts';

/** The audit log of a Vault server, from {@link start} on. */
export class VaultAudit {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** @param file a path that Vault may write. */
  static async start(vault: Vault, file: string): Promise<VaultAudit> {
    const device = { type: 'file', options: { file_path: file } };
    const { status, text } = await vault.request('PUT', 'sys/audit/file', device);
    if (status >= 300) throw new Error(`Vault rejected the audit log: ${status} ${text}`);
    return new VaultAudit(file);
  }

  /** How many leases were issued at a path. */
  async issuedAt(path: string): Promise<number> {
    const lines = (await readFile(this.#file, 'utf8')).split('\n').slice(0, -1);
    const issues = lines.filter((line) => {
      const { type, error, request, response } = JSON.parse(line);
      const isIssue = type === 'response' && error === undefined && response?.secret?.lease_id !== undefined;
      return isIssue && request?.path === path;
    });
    return issues.length;
  }
}
