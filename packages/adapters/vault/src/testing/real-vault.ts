import { startVault, tempFolder } from '@vault-swarm/lab';
import { VaultAdmin } from './vault-admin.ts';

/** A real Vault that a test may kill and start again. */
export interface RealVault {
  readonly address: string;
  /** The root token. */
  readonly token: string;
  /** The certificate of its authority, with TLS. */
  readonly caFile: string | undefined;
  readonly admin: VaultAdmin;
  /** Ends it at once. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with nothing in it. */
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts one, with `tls` on https with an authority of its own. */
export async function startRealVault({ tls = false } = {}): Promise<RealVault> {
  const folder = tempFolder();
  let vault = await startVault({ dir: folder.path, tls });
  return {
    address: vault.addr,
    token: vault.rootToken,
    caFile: vault.caFile,
    admin: new VaultAdmin((...call) => vault.request(...call)),
    kill: () => vault.kill(),
    async start() {
      vault = await startVault({ dir: folder.path, tls, port: vault.port });
    },
    async stop() {
      await vault.stop();
      await folder.remove();
    },
  };
}
