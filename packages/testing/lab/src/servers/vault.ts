import { mkdir, readFile, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { basename, join } from 'node:path';
import { freePort } from '../process/free-port.ts';
import { findOpenBao } from './openbao-binary.ts';
import { startServer } from './server-process.ts';
import { findVault } from './vault-binary.ts';

/** Who asks Vault. */
export interface VaultCaller {
  /** The root token if not given; '' for none. */
  readonly token?: string;
  readonly namespace?: string;
  /** Wraps the answer in a token of this life, such as `5m`. */
  readonly wrapTtl?: string;
}

/** What Vault answered. */
export interface VaultResponse {
  readonly status: number;
  /** The body as JSON; undefined where there is none. */
  readonly body: unknown;
  /** The body as it came, for what JSON.parse would round. */
  readonly text: string;
}

/** A Vault server in memory, unsealed, with its KV engine at `secret/`. */
export interface Vault {
  readonly addr: string;
  readonly port: number;
  readonly rootToken: string;
  readonly pid: number;
  /** The CA of its certificate, with `tls`. */
  readonly caFile?: string;
  readonly logPath: string;
  /** Asks `PATH` below /v1. `body` goes as JSON; a string as it is. Resolves whatever the status. */
  request(method: string, path: string, body?: unknown, caller?: VaultCaller): Promise<VaultResponse>;
  /** Ends it; its data is gone. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
}

/** What a Vault is started with. */
export interface VaultOptions {
  readonly dir: string;
  /** A free one if not given. */
  readonly port?: number;
  /** Of the engine at `secret/`; 2 if not given. */
  readonly kvVersion?: 1 | 2;
  /** https, with a CA of its own. Client certificates are asked for, so that certificate logins work. */
  readonly tls?: boolean;
  /** Further flags of `vault server`. */
  readonly extraFlags?: readonly string[];
}

/**
 * Starts a Vault server on 127.0.0.1; resolves when it answers. The first call on a machine may build it (see
 * {@link findVault}), which takes a minute and can't be done in a sandbox.
 *
 * @throws with the end of its log if it does not come up in 20 s.
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
  // A full Vault also takes the port after its own.
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
      return answer.status === 200;
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
