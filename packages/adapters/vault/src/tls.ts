import { Credential, type Environment, type ReadFile, whyUnreadable } from '@vault-swarm/provider';

/** How the server is verified, and how we show who we are. Each is PEM, read again from its file. */
export interface VaultTlsConfig {
  /** Authorities to trust instead of the system's. */
  readonly ca: Credential | undefined;
  readonly clientCertificate: Credential | undefined;
  readonly clientKey: Credential | undefined;
  /** True: any certificate is taken. */
  readonly skipVerify: boolean;
}

/** What the files of a {@link VaultTlsConfig} have in them. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * Reads `VAULT_CACERT`, `VAULT_CLIENT_CERT`, `VAULT_CLIENT_KEY` and `VAULT_SKIP_VERIFY`, and reports what is wrong with them
 * and with the files that they name.
 */
export function parseTls(
  environment: Environment,
  readFile: ReadFile,
  variable: (name: string) => string,
): VaultTlsConfig {
  const ca = readPem(environment, readFile, variable('CACERT'));
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
  if (ca !== undefined && !isUsable({ ca: ca.read() })) {
    environment.report(variable('CACERT'), 'names a file that is no PEM certificate');
  }
  if (clientCertificate !== undefined && clientKey !== undefined) {
    if (!isUsable({ cert: clientCertificate.read(), key: clientKey.read() })) {
      environment.report(
        variable('CLIENT_CERT'),
        `and ${variable('CLIENT_KEY')} are not a PEM certificate and its key`,
      );
    }
  }
  return { ca, clientCertificate, clientKey, skipVerify: parseSkipVerify(environment, variable('SKIP_VERIFY')) };
}

/** What the files have in them now; `null` where one can't be read, or they do not fit together (yet). */
export function readTlsMaterial({ ca, clientCertificate, clientKey }: VaultTlsConfig): TlsMaterial | null {
  try {
    const material = {
      ...(ca === undefined ? {} : { ca: ca.read() }),
      ...(clientCertificate === undefined ? {} : { cert: clientCertificate.read() }),
      ...(clientKey === undefined ? {} : { key: clientKey.read() }),
    };
    return isUsable(material) ? material : null;
  } catch {
    // A file that is being replaced may be missing for a moment.
    return null;
  }
}

/**
 * What Vault's own client takes, which is all that Go takes.
 * @see https://pkg.go.dev/strconv#ParseBool
 */
const YES = ['true', '1', 't', 'T', 'TRUE', 'True'] as const;
const NO = ['false', '0', 'f', 'F', 'FALSE', 'False'] as const;

function parseSkipVerify(environment: Environment, name: string): boolean {
  const given = environment.oneOf(name, [...YES, ...NO], 'false');
  const skips = YES.some((yes) => yes === given);
  if (skips) {
    const message =
      "is on: any server that answers at the address gets our token; trust the server's authority instead";
    environment.warn('certificate-not-verified', name, message);
  }
  return skips;
}

function readPem(environment: Environment, readFile: ReadFile, name: string): Credential | undefined {
  const path = environment.optional(name);
  if (path === undefined) return undefined;
  try {
    readFile(path);
    return new Credential(name, () => readFile(path));
  } catch (error) {
    environment.report(name, `"${path}" ${whyUnreadable(error)}`);
    return undefined;
  }
}

function isUsable(pem: TlsMaterial): boolean {
  if (pem.ca !== undefined && !pem.ca.includes('-----BEGIN')) return false;
  if (pem.ca === undefined && pem.cert === undefined) return true;
  try {
    // Loaded only where certificates are given: it takes a good part of the time that a start may take.
    process.getBuiltinModule('node:tls').createSecureContext(pem);
    return true;
  } catch {
    // OpenSSL's reasons ("no start line") help nobody; the caller says what was expected.
    return false;
  }
}
