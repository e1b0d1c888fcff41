import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Credential, type Environment, type ReadFile, whyUnreadable } from '@vault-swarm/provider';

/**
 * The authorities that the server's certificate is checked against, as PEM: `VAULT_CACERT`, else `VAULT_CACERT_BYTES`, else the
 * files of the directory `VAULT_CAPATH`, which is the order of Vault's own client. `undefined`: those that Node trusts.
 * Reports what can't be used, and warns of a variable that another one replaces. The files are read again at each `read()`.
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
    environment.warn('setting-ignored', name, `is ignored, since ${source?.variable} is given too; remove one of them`);
  }
  if (source === undefined) return undefined;
  try {
    source.read();
    return source;
  } catch (error) {
    environment.report(source.variable, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/**
 * The certificates of a PEM text, without those that can't be parsed: OpenSSL would overlook all that follow one.
 * @throws where there is none.
 */
function certificatesIn(pem: string, where = ''): string {
  // Loaded only where certificates are given: it takes a good part of the time that a start may take.
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
    `"${path}" `,
  );
}

function certificatesBelow(directory: string, readFile: ReadFile): string {
  const files = reading(directory, () => filesBelow(directory));
  if (files.length === 0) throw new Error(`"${directory}" is a directory without files`);
  return files
    .sort()
    .map((path) => certificatesOf(path, readFile))
    .join('');
}

/** All files of a directory and of those below it. A link to a directory is not followed, so that there are no circles. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() || (entry.isSymbolicLink() && statSync(path).isFile()) ? [path] : [];
  });
}

function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`"${path}" ${whyUnreadable(error)}`);
  }
}
