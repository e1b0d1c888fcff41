import { mkdir, readFile, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { basename, join } from 'node:path';
import { freePort } from '../process/free-port.ts';
import { findOpenBao } from './openbao-binary.ts';
import { startServer } from './server-process.ts';
import { findVault } from './vault-binary.ts';

/** The caller of a request to Vault. */
export interface VaultCaller {
  /** The root token if not given; '' for none. */
  readonly token?: string;
  readonly namespace?: string;
  /** Wraps the response in a token with this TTL, such as `5m`. */
  readonly wrapTtl?: string;
}

/** A response of Vault. */
export interface VaultResponse {
  readonly status: number;
  /** The parsed JSON body; undefined if there is no body. */
  readonly body: unknown;
  /** The body as text, for numbers that JSON.parse would round. */
  readonly text: string;
}

/** An unsealed Vault server with its storage in memory and a KV engine at `secret/`. */
export interface Vault {
  readonly addr: string;
  readonly port: number;
  readonly rootToken: string;
  readonly pid: number;
  /** The CA of its certificate, if it uses `tls`. */
  readonly caFile?: string;
  readonly logPath: string;
  /** Sends a request to `path` below /v1. `body` is sent as JSON; a string is sent unchanged. Resolves with any status. */
  request(method: string, path: string, body?: unknown, caller?: VaultCaller): Promise<VaultResponse>;
  /** Stops the server. Its data is lost. */
  stop(): Promise<void>;
  /** Stops the server with SIGKILL. */
  kill(): Promise<void>;
}

/** How to start Vault. */
export interface VaultOptions {
  readonly dir: string;
  /** A free one if not given. */
  readonly port?: number;
  /** The version of the engine at `secret/`; 2 if not given. */
  readonly kvVersion?: 1 | 2;
  /** https, with its own CA. The server requests client certificates, so that certificate logins work. */
  readonly tls?: boolean;
  /** More flags of `vault server`. */
  readonly extraFlags?: readonly string[];
}

/**
 * Starts a Vault server on 127.0.0.1. Resolves when it answers. The first call on a machine may build it, which takes a minute
 * and is not possible in a sandbox (see {@link findVault}).
 *
 * @throws with the end of its log if it does not answer, or takes no secrets, within 20 s.
 */
export async function startVault(options: VaultOptions): Promise<Vault> {
  return startOne(await findVault(), options);
}

/** As {@link startVault}, for an OpenBao server, which takes the same flags; `kvVersion` can only be 2. */
export async function startOpenBao(options: Omit<VaultOptions, 'kvVersion'>): Promise<Vault> {
  return startOne(await findOpenBao(), options);
}

async function startOne(binary: string, options: VaultOptions): Promise<Vault> {
  const { dir, kvVersion = 2, tls = false, extraFlags = [] } = options;
  // A full Vault also uses the next port.
  const port = options.port ?? (await freePort({ consecutive: 2 }));
  const certificates = join(dir, 'tls');
  const logPath = join(dir, 'vault.log');
  await mkdir(dir, { recursive: true });
  await rm(certificates, { recursive: true, force: true });
  await mkdir(certificates);
  const rootToken = 'root';
  const addr = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const caFile = tls ? join(certificates, 'vault-ca.pem') : undefined;
  const call = (method: string, path: string, body?: unknown, caller: VaultCaller = {}) =>
    ask(`${addr}/v1/${path.replace(/^\//, '')}`, caFile, method, body, headersOf({ token: rootToken, ...caller }));
  const server = await startServer({
    name: `${basename(binary)} on ${addr}`,
    command: binary,
    args: [
      ...['server', '-dev', '-dev-no-store-token', `-dev-root-token-id=${rootToken}`],
      `-dev-listen-address=127.0.0.1:${port}`,
      ...(kvVersion === 1 ? ['-dev-kv-v1'] : []),
      ...(tls ? ['-dev-tls', `-dev-tls-cert-dir=${certificates}`] : []),
      ...extraFlags,
    ],
    env: { HOME: dir },
    logPath,
    timeoutMs: 20_000,
    answers: async (see) => {
      const answer = await call('GET', 'sys/health', undefined, { token: '' });
      see(answer);
      if (answer.status !== 200) return false;
      // Until the server has upgraded its own mount to KV v2, the mount rejects requests with 400. One of KV v1 has no `config`: 404.
      const mount = await call('GET', 'secret/config');
      see(mount);
      return mount.status !== 400;
    },
  });
  return {
    addr,
    port,
    rootToken,
    pid: server.pid,
    ...(caFile === undefined ? {} : { caFile }),
    logPath,
    request: call,
    stop: () => server.end('SIGTERM'),
    kill: () => server.end('SIGKILL'),
  };
}

function headersOf({ token = '', namespace, wrapTtl }: VaultCaller): Record<string, string> {
  return {
    ...(token === '' ? {} : { 'X-Vault-Token': token }),
    ...(namespace === undefined ? {} : { 'X-Vault-Namespace': namespace }),
    ...(wrapTtl === undefined ? {} : { 'X-Vault-Wrap-TTL': wrapTtl }),
  };
}

async function ask(
  url: string,
  caFile: string | undefined,
  method: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<VaultResponse> {
  const ca = caFile === undefined ? undefined : await readFile(caFile);
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const call = (ca === undefined ? httpRequest : httpsRequest)(
      url,
      { method, headers, agent: false, ca },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', reject);
        answer.once('end', () => {
          const content = Buffer.concat(chunks).toString();
          resolve({ status: answer.statusCode ?? 0, text: content, body: content === '' ? undefined : parse(content) });
        });
      },
    );
    call.setTimeout(20_000, () => call.destroy(new Error(`${method} ${url}: no answer in 20 s`)));
    call.once('error', reject);
    call.end(text);
  });
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}
