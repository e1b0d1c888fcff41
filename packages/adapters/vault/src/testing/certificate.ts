import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A key and its own certificate for 127.0.0.1, as PEM and as files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Removes the files. */
  readonly remove: () => Promise<void>;
}

/** Makes one with openssl. */
export function certificate(): Certificate {
  const directory = mkdtempSync(join(tmpdir(), 'vault-certificate-'));
  const [certFile, keyFile] = [join(directory, 'crt'), join(directory, 'key')];
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const names = ['-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', '-nodes', ...ec, ...names, '-keyout', keyFile, '-out', certFile], {
    stdio: 'ignore',
  });
  return {
    cert: readFileSync(certFile, 'utf8'),
    key: readFileSync(keyFile, 'utf8'),
    certFile,
    keyFile,
    remove: async () => rmSync(directory, { recursive: true }),
  };
}
