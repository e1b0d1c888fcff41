import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, quoted } from '@vault-swarm/kernel';
import { Credential, type Environment, type ReadFile, whyUnreadable } from '@vault-swarm/provider';

/** The most files in a directory; a whole system has about 150 authorities. */
const MAX_FILES = 1_000;

/**
 * The authorities for checking the server's certificate, as PEM: `VAULT_CACERT`, else `VAULT_CACERT_BYTES`, else the
 * files of the directory `VAULT_CAPATH`, in the order of Vault's own client. `undefined`: Node's authorities. Reports
 * what can't be used, and warns of a variable that another one overrides. The files are read again at each `read()`.
 */
export function parseAuthorities(
  environment: Environment,
  readFile: ReadFile,
  variable: (name: string) => string,
): Credential | undefined {
  const file = environment.optional(variable('CACERT'));
  const text = environment.optional(variable('CACERT_BYTES'));
  const directory = environment.optional(variable('CAPATH'));
  const sources = [
    file === undefined ? [] : [new Credential(variable('CACERT'), () => certificatesOf(file, readFile))],
    text === undefined ? [] : [new Credential(variable('CACERT_BYTES'), () => certificatesIn(text))],
    directory === undefined ? [] : [new Credential(variable('CAPATH'), () => certificatesBelow(directory, readFile))],
  ];
  const [source, ...replaced] = sources.flat();
  for (const { variable: name } of replaced) {
    environment.warn('setting-ignored', name, `is ignored, because ${source?.variable} is set too; remove one of them`);
  }
  if (source === undefined) return undefined;
  try {
    source.read();
    return source;
  } catch (error) {
    environment.report(source.variable, errorMessage(error));
    return undefined;
  }
}

/**
 * Returns the certificates of a PEM text without those that can't be parsed, because OpenSSL would ignore all that
 * follow one.
 * @throws if there is none.
 */
function certificatesIn(pem: string, where = ''): string {
  // Loaded only if certificates are configured, because loading it takes a large part of the start time.
  const { X509Certificate } = process.getBuiltinModule('node:crypto');
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const usable = blocks.filter((block) => {
    try {
      return new X509Certificate(block).subject !== null;
    } catch {
      return false;
    }
  });
  if (usable.length === 0) throw new Error(`${where}has no PEM certificate`);
  return `${usable.join('\n')}\n`;
}

function certificatesOf(path: string, readFile: ReadFile): string {
  return certificatesIn(
    reading(path, () => readFile(path)),
    `${quoted(path)} `,
  );
}

function certificatesBelow(directory: string, readFile: ReadFile): string {
  const certificates: string[] = [];
  // Sequential: if the directory does not contain certificates, the first file ends the loop.
  for (const path of filesBelow(directory)) {
    if (certificates.length === MAX_FILES) throw new Error(`${quoted(directory)} has more than ${MAX_FILES} files`);
    certificates.push(certificatesOf(path, readFile));
  }
  if (certificates.length === 0) throw new Error(`${quoted(directory)} is a directory without files`);
  return certificates.join('');
}

/**
 * Lists the files of a directory and its subdirectories. Links to directories are not followed, so there are no loops.
 */
function* filesBelow(directory: string): Generator<string> {
  const entries = reading(directory, () => readdirSync(directory, { withFileTypes: true }));
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile() || (entry.isSymbolicLink() && reading(path, () => statSync(path)).isFile())) yield path;
  }
}

function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${quoted(path)} ${whyUnreadable(error)}`);
  }
}
