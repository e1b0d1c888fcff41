import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { quoted } from '@vault-swarm/kernel';
import type { Environment } from '@vault-swarm/provider';

/** Where the system keeps the certificates of the authorities that it trusts. */
export interface SystemAuthorities {
  /** The first that can be read counts. */
  readonly files: readonly string[];
  /** All count, with every file in them. */
  readonly directories: readonly string[];
}

/**
 * As Go's programs look for them, and so the clients of Vault, AWS and Docker.
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
/** The list of a whole system has about 250 kB. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Reads `SSL_CERT_FILE`, and `SSL_CERT_DIR` with its colons, and reports a file that has no certificate. */
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
 * From now on this process trusts what the system does, and `NODE_EXTRA_CA_CERTS`, wherever a connection has no authorities of its
 * own. Where the system has none, as in the managed plugin, those that come with Node stay.
 */
export function trustSystem({ files, directories }: SystemAuthorities): void {
  const found = new Set([...firstOf(files), ...directories.flatMap(certificatesIn)]);
  // Loaded only where something is encrypted: it takes a good part of the time that a start may take.
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

/** A directory that is not there has none. A link within it, as by a certificate's hash, leads to what is found anyway. */
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

/** One that can't be parsed would make all others be refused. */
function isUsable(pem: string): boolean {
  try {
    return new (process.getBuiltinModule('node:crypto').X509Certificate)(pem).raw.length > 0;
  } catch {
    return false;
  }
}
