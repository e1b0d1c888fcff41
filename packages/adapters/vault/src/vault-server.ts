import type { VaultTlsConfig } from './tls.ts';

/** Which variables are read: `VAULT_ADDR` or `OPENBAO_ADDR`. */
export type VariablePrefix = 'VAULT' | 'OPENBAO';

/** One server, and how connections to it are made. */
export interface VaultServer {
  /** What its variables start with, for messages. */
  readonly prefix: VariablePrefix;
  /** `http:` or `https:`, without a slash at its end; `http://localhost` if there is a socket. */
  readonly address: string;
  /** The Unix socket on which the server listens, without TLS. */
  readonly socketPath: string | undefined;
  readonly namespace: string | undefined;
  readonly tls: VaultTlsConfig;
  /** The HTTP proxy that requests go through; its address may contain a user and a password. */
  readonly proxy: string | undefined;
  /** Whether reads name the service for which they are made, for Vault's audit log. */
  readonly sendsConsumer: boolean;
}

/** The server, for messages. */
export function describeServer({ address, socketPath }: Pick<VaultServer, 'address' | 'socketPath'>): string {
  return socketPath === undefined ? address : `unix://${socketPath}`;
}
