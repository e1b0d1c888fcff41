import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { quoted } from '@vault-swarm/kernel';
import { type ReadFile, whyUnreadable } from '@vault-swarm/provider';

/** The variables of the two files. */
export const TLS_VARIABLES = { cert: 'MONITORING_TLS_CERT_FILE', key: 'MONITORING_TLS_KEY_FILE' } as const;

/** A certificate and its key, as in their files. */
export interface Certificate {
  /** PEM, with the chain if the file has one. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** In milliseconds since 1970. */
  readonly endsAtMs: number;
  /** Whether it is valid for this name or address. */
  isFor(hostname: string): boolean;
}

/** Why the files can't be used. */
export class CertificateProblem extends Error {
  override readonly name = 'CertificateProblem';
  /** The variable of the file. */
  readonly variable: string;

  constructor(variable: string, message: string) {
    super(message);
    this.variable = variable;
  }
}

/**
 * Reads the certificate and its key.
 * @throws {CertificateProblem}
 */
export function readCertificate(
  readFile: ReadFile,
  files: { readonly cert: string; readonly key: string },
): Certificate {
  const cert = read(readFile, TLS_VARIABLES.cert, files.cert);
  const key = read(readFile, TLS_VARIABLES.key, files.key);
  const parsed = parseCertificate(cert, files.cert);
  if (!parsed.checkPrivateKey(parseKey(key, files.key))) {
    throw new CertificateProblem(
      TLS_VARIABLES.key,
      `${quoted(files.key)} is not the key of the certificate in ${TLS_VARIABLES.cert}`,
    );
  }
  return {
    cert,
    key,
    endsAtMs: parsed.validToDate.getTime(),
    isFor: (hostname) => (isIP(hostname) === 0 ? parsed.checkHost(hostname) : parsed.checkIP(hostname)) !== undefined,
  };
}

/** All problems of the two files; empty if {@link readCertificate} can read them. */
export function certificateProblems(
  readFile: ReadFile,
  files: { readonly cert: string; readonly key: string },
): readonly CertificateProblem[] {
  const ofEach = [
    () => parseCertificate(read(readFile, TLS_VARIABLES.cert, files.cert), files.cert),
    () => parseKey(read(readFile, TLS_VARIABLES.key, files.key), files.key),
  ].flatMap(problemOf);
  return ofEach.length > 0 ? ofEach : problemOf(() => readCertificate(readFile, files));
}

function problemOf(action: () => unknown): CertificateProblem[] {
  try {
    action();
    return [];
  } catch (error) {
    if (!(error instanceof CertificateProblem)) throw error;
    return [error];
  }
}

function read(readFile: ReadFile, variable: string, path: string): string {
  try {
    return readFile(path);
  } catch (error) {
    throw new CertificateProblem(variable, `${quoted(path)} names a file that ${whyUnreadable(error)}`);
  }
}

function parseCertificate(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new CertificateProblem(TLS_VARIABLES.cert, `${quoted(path)} must contain a certificate in PEM format`);
  }
}

function parseKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new CertificateProblem(
      TLS_VARIABLES.key,
      `${quoted(path)} must contain a private key in PEM format without a passphrase`,
    );
  }
}
