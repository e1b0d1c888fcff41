import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate that was just made, and its key, as PEM. */
export interface MadeCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes one with openssl, signed by itself, for these names and addresses. */
export function makeCertificate(altNames = 'DNS:plugin.example,IP:127.0.0.1', days = 30): MadeCertificate {
  const directory = mkdtempSync(join(tmpdir(), 'certificate-'));
  const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  try {
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const names = ['-subj', '/CN=monitoring', '-addext', `subjectAltName=${altNames}`, '-days', String(days)];
    execFileSync('openssl', ['req', '-x509', '-nodes', ...ec, ...names, '-keyout', keyFile, '-out', certFile], {
      stdio: 'ignore',
    });
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
