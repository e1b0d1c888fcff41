import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, rootCertificates, type Server } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type CertificateChain, certificateChain } from '@vault-swarm/lab';
import { Environment } from '@vault-swarm/provider';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSystemAuthorities, type SystemAuthorities } from './trusted-authorities.ts';

const NONE: SystemAuthorities = { files: [], directories: [] };
const BROKEN = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

let base: string;
let chain: CertificateChain;
let server: Server;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'authorities-'));
  chain = certificateChain('IP:127.0.0.1');
  server = createServer({ cert: chain.fullChain, key: chain.key }, (socket) => socket.on('error', () => {}).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
  chain.remove();
  rmSync(base, { recursive: true });
});

/** What a process of its own does with the server, and how many authorities it trusts, after `trustSystem`. */
async function trusting(authorities: SystemAuthorities, extra = ''): Promise<{ result: string; count: number }> {
  const module = fileURLToPath(new URL('./trusted-authorities.ts', import.meta.url));
  const script = `
    import { connect, getCACertificates } from 'node:tls';
    import { trustSystem } from ${JSON.stringify(module)};
    trustSystem(${JSON.stringify(authorities)});
    const count = getCACertificates('default').length;
    const done = (result) => { console.log(JSON.stringify({ result, count })); process.exit(); };
    connect({ host: '127.0.0.1', port: ${(server.address() as AddressInfo).port} }, () => done('trusted')).on('error', ({ code }) => done(code));`;
  const flags = ['--conditions=@vault-swarm/source', '--input-type=module', '--eval', script];
  const env = { NODE_EXTRA_CA_CERTS: extra };
  const { stdout } = await promisify(execFile)(process.execPath, flags, { env, timeout: 30_000 });
  return JSON.parse(stdout);
}

const file = (name: string, text: string) => {
  writeFileSync(join(base, name), text);
  return join(base, name);
};

describe("the system's authorities", () => {
  test('come from the first file that there is', async () => {
    const files = [join(base, 'none.pem'), chain.rootFile, file('other.pem', rootCertificates[0] ?? '')];
    expect(await trusting({ ...NONE, files })).toEqual({ result: 'trusted', count: 1 });
  });

  test('come from all files of directories, and from what links lead to', async () => {
    const directory = join(base, 'certs');
    mkdirSync(directory);
    copyFileSync(chain.rootFile, join(directory, 'root.pem'));
    symlinkSync('root.pem', join(directory, '0a1b2c3d.0'));
    symlinkSync(file('elsewhere.pem', rootCertificates[0] ?? ''), join(directory, 'linked.pem'));
    writeFileSync(join(directory, 'README'), 'no certificate');
    mkdirSync(join(directory, 'java'));
    const directories = [join(base, 'no-such-directory'), directory];
    expect(await trusting({ ...NONE, directories })).toEqual({ result: 'trusted', count: 2 });
  });

  test('are trusted although one of them can not be parsed', async () => {
    const files = [file('broken.pem', `${BROKEN}# the root\n${readFileSync(chain.rootFile, 'utf8')}`)];
    expect(await trusting({ ...NONE, files })).toEqual({ result: 'trusted', count: 1 });
  });

  test('are all that is trusted, with NODE_EXTRA_CA_CERTS', async () => {
    const files = [file('one.pem', rootCertificates[0] ?? '')];
    expect(await trusting({ ...NONE, files })).toEqual({ result: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', count: 1 });
    expect(await trusting({ ...NONE, files }, chain.rootFile)).toEqual({ result: 'trusted', count: 2 });
  });

  test('are those of Node if the system has none', async () => {
    const nodes = rootCertificates.length;
    expect(await trusting(NONE)).toEqual({ result: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', count: nodes });
    expect((await trusting({ ...NONE, files: [file('useless.pem', BROKEN)] })).count).toBe(nodes);
  });
});

describe('SSL_CERT_FILE and SSL_CERT_DIR', () => {
  function parse(variables: Record<string, string>) {
    const environment = new Environment(variables, (path) => readFileSync(path, 'utf8'));
    const { files, directories } = parseSystemAuthorities(environment);
    return { files, directories, problems: environment.problems.map(({ message }) => message) };
  }

  test('replace the usual places, each its own', () => {
    const usual = parse({ SSL_CERT_FILE: '', SSL_CERT_DIR: '' });
    expect(usual.files).toContain('/etc/ssl/certs/ca-certificates.crt');
    expect(usual.directories).toContain('/etc/ssl/certs');
    expect(parse({ SSL_CERT_FILE: chain.rootFile })).toEqual({ ...usual, files: [chain.rootFile] });
    expect(parse({ SSL_CERT_DIR: '/one::/two' })).toEqual({ ...usual, directories: ['/one', '/two'] });
  });

  test('are a problem if the file has no certificate', () => {
    expect(parse({ SSL_CERT_FILE: '/no/such/file' }).problems).toEqual([
      `"/no/such/file" names a file that does not exist`,
    ]);
    const text = file('text', 'no certificate');
    expect(parse({ SSL_CERT_FILE: text }).problems).toEqual([`"${text}" has no PEM certificate`]);
  });
});
