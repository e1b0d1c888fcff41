import { startOpenBao, startVault, tempDirectory } from '@vault-swarm/lab';
import { VaultAdmin } from './vault-admin.ts';

/** A real Vault or OpenBao that a test may kill and start again. */
export interface RealVault {
  readonly address: string;
  /** The root token. */
  readonly token: string;
  /** The certificate of its authority, with TLS. */
  readonly caFile: string | undefined;
  readonly admin: VaultAdmin;
  /** Writes in a namespace. */
  readonly adminIn: (namespace: string) => VaultAdmin;
  /** Ends it at once. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with nothing in it. */
  start(): Promise<void>;
  /** Ends it and removes its directory. */
  stop(): Promise<void>;
}

/** Starts a Vault, with `tls` on https with an authority of its own. */
export function startRealVault({ tls = false } = {}): Promise<RealVault> {
  return start(startVault, tls);
}

/** Starts an OpenBao. */
export function startRealOpenBao(): Promise<RealVault> {
  return start(startOpenBao, false);
}

async function start(startServer: typeof startOpenBao, tls: boolean): Promise<RealVault> {
  const directory = tempDirectory();
  let vault = await startServer({ dir: directory.path, tls });
  return {
    address: vault.addr,
    token: vault.rootToken,
    caFile: vault.caFile,
    admin: new VaultAdmin((...call) => vault.request(...call)),
    adminIn: (namespace) =>
      new VaultAdmin((method, path, body, caller) => vault.request(method, path, body, { ...caller, namespace })),
    kill: () => vault.kill(),
    async start() {
      vault = await startServer({ dir: directory.path, tls, port: vault.port });
    },
    async stop() {
      await vault.stop();
      await directory.remove();
    },
  };
}
