import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { quoted } from '@vault-swarm/kernel';
import type { Environment } from '@vault-swarm/provider';

/** Where the system keeps the certificates of trusted authorities. */
export interface SystemAuthorities {
  /** The first readable one is used. */
  readonly files: readonly string[];
  /** All are used, with every file in them. */
  readonly directories: readonly string[];
}

/**
 * The paths that Go's programs use, and so the clients of Vault, AWS and Docker.
 * @see https://pkg.go.dev/crypto/x509#SystemCertPool
 */
const USUAL: SystemAuthorities = {
  files: [
    '/etc/ssl/certs/ca-certificates.crt',
    '/etc/pki/tls/certs/ca-bundle.crt',
    '/etc/ssl/ca-bundle.pem',
    '/etc/pki/tls/cacert.pem',
    '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
    '/etc/ssl/cert.pem',
  ],
  directories: ['/etc/ssl/certs', '/etc/pki/tls/certs'],
};
/** A whole system's list has about 250 kB. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Reads `SSL_CERT_FILE`, and `SSL_CERT_DIR`, which is separated by colons. Reports a file without a certificate. */
export function parseSystemAuthorities(environment: Environment): SystemAuthorities {
  const file = environment.optional('SSL_CERT_FILE');
  const directories = environment.optional('SSL_CERT_DIR');
  if (environment.fileText('SSL_CERT_FILE')?.match(CERTIFICATE) === null) {
    environment.report('SSL_CERT_FILE', `${quoted(file ?? '')} has no PEM certificate`);
  }
  return {
    files: file === undefined ? USUAL.files : [file],
    directories: directories?.split(':').filter((path) => path !== '') ?? USUAL.directories,
  };
}

/**
 * Makes this process trust the system's authorities and `NODE_EXTRA_CA_CERTS` for connections without authorities of
 * their own. If the system has none, as in the managed plugin, Node's own remain.
 */
export function trustSystem({ files, directories }: SystemAuthorities): void {
  const found = new Set([...firstOf(files), ...directories.flatMap(certificatesIn)]);
  // Loaded only if a connection is encrypted, because loading it takes a large part of the start time.
  const { getCACertificates, setDefaultCACertificates } = process.getBuiltinModule('node:tls');
  const usable = [...found].filter(isUsable);
  if (usable.length > 0) setDefaultCACertificates([...usable, ...getCACertificates('extra')]);
}

function firstOf(files: readonly string[]): readonly string[] {
  for (const file of files) {
    const certificates = certificatesOf(file);
    if (certificates !== null) return certificates;
  }
  return [];
}

/** A missing directory has none. Links, such as those by a certificate's hash, lead to files that are found anyway. */
function certificatesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => !entry.isSymbolicLink() || readlinkSync(join(directory, entry.name)).includes('/'))
      .flatMap(({ name }) => certificatesOf(join(directory, name)) ?? []);
  } catch {
    return [];
  }
}

function certificatesOf(file: string): readonly string[] | null {
  try {
    const found = statSync(file);
    if (!found.isFile() || found.size > MAX_FILE_BYTES) return null;
    return readFileSync(file, 'latin1').match(CERTIFICATE) ?? [];
  } catch {
    return null;
  }
}

/** One that can't be parsed would cause all others to be rejected. */
function isUsable(pem: string): boolean {
  try {
    return new (process.getBuiltinModule('node:crypto').X509Certificate)(pem).raw.length > 0;
  } catch {
    return false;
  }
}
