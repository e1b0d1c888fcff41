import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { makeCertificate } from '../testing/certificate.ts';
import { type Fixture, type FixtureConfig, startFixture } from '../testing/monitoring-fixture.ts';
import { readCertificate } from './certificate.ts';

let fixture: Fixture | undefined;
afterEach(() => fixture?.server.close());

function pairInFiles(first: { cert: string; key: string }) {
  const files = { ...first };
  const read = () => readCertificate((path) => (path === '/c' ? files.cert : files.key), { cert: '/c', key: '/k' });
  return { files, tls: { first: read(), read } };
}

/** Starts one whose files are checked by `look`. */
async function start(config: FixtureConfig, nowMs = () => Date.now()) {
  let due = () => {};
  fixture = await startFixture(
    { token: 'correct', ...config },
    {},
    {
      now: nowMs,
      after: (delayMs, run) => {
        expect(delayMs).toBe(10_000);
        due = run;
        return () => {};
      },
    },
  );
  const served = async () => {
    const { port } = new URL(fixture?.server.address ?? '');
    const socket = connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { raw } = socket.getPeerCertificate();
    socket.destroy();
    return `-----BEGIN CERTIFICATE-----\n${raw.toString('base64').replace(/.{64}/g, '$&\n')}`.replace(/\s+$/, '');
  };
  const problems = async () =>
    JSON.parse((await fixture?.ask('/health', { headers: { Authorization: 'Bearer correct' } }))?.body ?? '').problems;
  return { ...fixture, look: () => due(), served, problems };
}

const body = (pem: string) => pem.replace(/\n-----END CERTIFICATE-----\s*$/, '');

test('with a certificate HTTPS is served, and HTTP is not', async () => {
  const { tls } = pairInFiles(makeCertificate());
  const { server, ask } = await start({ tls });
  expect(server.address).toMatch(/^https:/);
  const answer = await ask('/metrics', { headers: { Authorization: 'Bearer correct' } });
  expect(answer.status).toBe(200);
  expect(answer.headers['strict-transport-security']).toBeUndefined();
  await expect(fetch(`${server.address?.replace('https', 'http')}/health`)).rejects.toThrow();
});

test('nothing older than TLS 1.2 is spoken', async () => {
  const { tls } = pairInFiles(makeCertificate());
  const { server } = await start({ tls });
  const port = Number(new URL(server.address ?? '').port);
  const old = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'ALL:@SECLEVEL=0',
  });
  await expect(once(old, 'secureConnect')).rejects.toThrow();
});

test('a new certificate is taken up while others are connected', async () => {
  const [first, second] = [makeCertificate(), makeCertificate()];
  const { files, tls } = pairInFiles(first);
  const { look, served, emitted } = await start({ tls });
  look();
  expect(await served()).toBe(body(first.cert));
  Object.assign(files, second);
  look();
  expect(await served()).toBe(body(second.cert));
  expect(emitted).toEqual([{ type: 'monitoring.certificate', endsAtMs: tls.read().endsAtMs }]);
  look();
  expect(emitted).toHaveLength(1);
});

test('an invalid one does not replace the previous one, and is reported if it persists', async () => {
  const [first, second] = [makeCertificate(), makeCertificate()];
  const { files, tls } = pairInFiles(first);
  const { look, served, emitted, problems } = await start({ tls });
  files.cert = second.cert;
  look();
  expect([emitted, await problems()]).toEqual([[], []]);
  look();
  look();
  expect(emitted).toEqual([
    {
      type: 'monitoring.failed',
      message:
        'the new certificate can not be used, and the previous one is served: ' +
        'MONITORING_TLS_KEY_FILE: "/k" is not the key of the certificate in MONITORING_TLS_CERT_FILE',
    },
  ]);
  expect(await problems()).toEqual([
    expect.stringContaining(
      'The new certificate of the monitoring port can not be used: MONITORING_TLS_KEY_FILE: "/k" is not the key of the ' +
        'certificate in MONITORING_TLS_CERT_FILE; the previous one is served',
    ),
  ]);
  expect(await served()).toBe(body(first.cert));
  files.key = second.key;
  look();
  expect(await served()).toBe(body(second.cert));
  expect(await problems()).toEqual([]);
});

test('one that ends within a week, or has ended, is a problem', async () => {
  const { tls } = pairInFiles(makeCertificate(undefined, 30));
  let nowMs = Date.now();
  const { problems } = await start({ tls }, () => nowMs);
  expect(await problems()).toEqual([]);
  const endsAt = new Date(tls.first.endsAtMs).toISOString();
  nowMs = tls.first.endsAtMs - 86_400_000;
  expect(await problems()).toEqual([
    expect.stringContaining(`The certificate of the monitoring port ends soon: it ends at ${endsAt}. `),
  ]);
  nowMs = tls.first.endsAtMs + 1;
  expect(await problems()).toEqual([
    expect.stringContaining(`The certificate of the monitoring port has ended: it ended at ${endsAt}. `),
  ]);
});
