import { isIP } from 'node:net';
import { quoted } from '@vault-swarm/kernel';
import { Credential, type Environment, type ReadFile, whyUnreadable } from '@vault-swarm/provider';
import { parseAuthorities } from './authorities.ts';

/** How the server is verified, and our client certificate. Each is PEM and is read again from its file. */
export interface VaultTlsConfig {
  /** What to trust instead of Node's authorities: root or intermediate authorities, and certificates of servers. */
  readonly ca: Credential | undefined;
  /** The name or address that the certificate must have; `undefined`: the address's host. */
  readonly serverName: string | undefined;
  readonly clientCertificate: Credential | undefined;
  readonly clientKey: Credential | undefined;
  /** True: any certificate is accepted. */
  readonly skipVerify: boolean;
}

/** The content of the files of a {@link VaultTlsConfig}. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * Reads `VAULT_CACERT`, `VAULT_CACERT_BYTES`, `VAULT_CAPATH`, `VAULT_TLS_SERVER_NAME`, `VAULT_CLIENT_CERT`,
 * `VAULT_CLIENT_KEY` and `VAULT_SKIP_VERIFY`. Reports problems with them and with their files.
 */
export function parseTls(
  environment: Environment,
  readFile: ReadFile,
  variable: (name: string) => string,
): VaultTlsConfig {
  const ca = parseAuthorities(environment, readFile, variable);
  const clientCertificate = readPem(environment, readFile, variable('CLIENT_CERT'));
  const clientKey = readPem(environment, readFile, variable('CLIENT_KEY'));
  environment.ownPath(variable('CLIENT_CERT'), 'file');
  environment.ownPath(variable('CLIENT_KEY'), 'credential');
  for (const [one, other] of [
    ['CLIENT_CERT', 'CLIENT_KEY'],
    ['CLIENT_KEY', 'CLIENT_CERT'],
  ] as const) {
    if (environment.has(variable(one)) && !environment.has(variable(other))) {
      environment.report(variable(other), `is missing; ${variable(one)} needs it`);
    }
  }
  if (clientCertificate !== undefined && clientKey !== undefined) {
    if (!isUsable({ cert: clientCertificate.read(), key: clientKey.read() })) {
      environment.report(
        variable('CLIENT_CERT'),
        `and ${variable('CLIENT_KEY')} are not a PEM certificate and its key`,
      );
    }
  }
  return {
    ca,
    serverName: parseServerName(environment, variable('TLS_SERVER_NAME')),
    clientCertificate,
    clientKey,
    skipVerify: parseSkipVerify(environment, variable('SKIP_VERIFY')),
  };
}

/** The current content of the files; `null` if one can't be read, or they do not belong together (yet). */
export function readTlsMaterial({ ca, clientCertificate, clientKey }: VaultTlsConfig): TlsMaterial | null {
  try {
    const material = {
      ...(ca === undefined ? {} : { ca: ca.read() }),
      ...(clientCertificate === undefined ? {} : { cert: clientCertificate.read() }),
      ...(clientKey === undefined ? {} : { key: clientKey.read() }),
    };
    return isUsable(material) ? material : null;
  } catch {
    // A file may be missing for a moment while it is replaced.
    return null;
  }
}

/**
 * The values that Vault's own client accepts, which are Go's.
 * @see https://pkg.go.dev/strconv#ParseBool
 */
const YES = ['true', '1', 't', 'T', 'TRUE', 'True'] as const;
const NO = ['false', '0', 'f', 'F', 'FALSE', 'False'] as const;

function parseSkipVerify(environment: Environment, name: string): boolean {
  const given = environment.oneOf(name, [...YES, ...NO], 'false');
  const skips = YES.some((yes) => yes === given);
  if (skips) {
    const message =
      "is on: any server that answers at the address gets the token; trust the server's authority instead";
    environment.warn('certificate-not-verified', name, message);
  }
  return skips;
}

function parseServerName(environment: Environment, name: string): string | undefined {
  const given = environment.optional(name);
  if (given === undefined || isIP(given) !== 0 || /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/i.test(given)) return given;
  environment.report(name, `${quoted(given)} must be the name or address in the server's certificate`);
  return undefined;
}

function readPem(environment: Environment, readFile: ReadFile, name: string): Credential | undefined {
  const path = environment.optional(name);
  if (path === undefined) return undefined;
  try {
    readFile(path);
    return new Credential(name, () => readFile(path));
  } catch (error) {
    environment.report(name, `${quoted(path)} ${whyUnreadable(error)}`);
    return undefined;
  }
}

function isUsable(pem: TlsMaterial): boolean {
  if (pem.cert === undefined) return true;
  try {
    // Loaded only if certificates are configured, because loading it takes a large part of the start time.
    process.getBuiltinModule('node:tls').createSecureContext(pem);
    return true;
  } catch {
    // OpenSSL's reasons ("no start line") do not help; the caller says what was expected.
    return false;
  }
}
