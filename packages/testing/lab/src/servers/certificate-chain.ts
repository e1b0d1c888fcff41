import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Certificates of a server, of its issuer, and of the root authority that issued the issuer's. */
export interface CertificateChain {
  readonly rootFile: string;
  readonly issuerFile: string;
  readonly serverFile: string;
  /** The server's chain: its certificate and its issuer's, as PEM. */
  readonly fullChain: string;
  readonly key: string;
  /** Removes the files. */
  readonly remove: () => void;
}

/** Creates a chain with openssl. `names` are the server's, such as `DNS:vault.test`. */
export function certificateChain(names: string): CertificateChain {
  const directory = mkdtempSync(join(tmpdir(), 'vault-chain-'));
  const file = (name: string) => join(directory, name);
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const request = (name: string, ...more: readonly string[]) =>
    openssl(
      ...['req', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-subj', `/CN=${name}`],
      ...['-keyout', `${name}.key`, ...more],
    );
  const issue = (name: string, issuer: string, extensions: string) => {
    request(name, '-out', `${name}.csr`);
    writeFileSync(file('extensions'), extensions);
    const from = ['-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`, '-CAcreateserial'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...from, '-extfile', 'extensions', '-out', `${name}.crt`);
  };
  request('root', '-x509', '-out', 'root.crt');
  issue('issuer', 'root', 'basicConstraints=critical,CA:true');
  issue('server', 'issuer', `basicConstraints=CA:false\nsubjectAltName=${names}`);
  return {
    rootFile: file('root.crt'),
    issuerFile: file('issuer.crt'),
    serverFile: file('server.crt'),
    fullChain: readFileSync(file('server.crt'), 'utf8') + readFileSync(file('issuer.crt'), 'utf8'),
    key: readFileSync(file('server.key'), 'utf8'),
    remove: () => rmSync(directory, { recursive: true }),
  };
}
