import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateChain } from '@vault-swarm/lab';

/** A server of https before another one. */
export interface TlsFront {
  readonly port: number;
  /** The file of the authority that its certificate is of: itself. */
  readonly authority: string;
  close(): Promise<void>;
}

/** Starts one with a certificate of its own for `host`, or with the given chain. */
export async function startTlsFront(target: string, host: string, chain?: CertificateChain): Promise<TlsFront> {
  const directory = mkdtempSync(join(tmpdir(), 'aws-tls-'));
  const [authority, key] = [join(directory, 'crt'), join(directory, 'key')];
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const names = ['-subj', '/CN=test', '-addext', `subjectAltName=DNS:${host}`];
  execFileSync('openssl', ['req', '-x509', '-nodes', ...ec, ...names, '-keyout', key, '-out', authority], {
    stdio: 'ignore',
  });
  const { hostname, port: targetPort } = new URL(target);
  const displayName =
    chain === undefined
      ? { cert: readFileSync(authority), key: readFileSync(key) }
      : { cert: chain.fullChain, key: chain.key };
  const server = createServer(displayName, (incoming, answer) => {
    const { method, url, headers } = incoming;
    const call = request({ hostname, port: targetPort, method, path: url, headers }, (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers);
      given.pipe(answer);
    });
    call.once('error', () => answer.destroy());
    incoming.pipe(call);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    authority,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      rmSync(directory, { recursive: true });
    },
  };
}
