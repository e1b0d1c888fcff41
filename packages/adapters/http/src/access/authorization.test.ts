import { Credential } from '@vault-swarm/provider';
import { describe, expect, test } from 'vitest';
import { requestWith } from '../testing/request.ts';
import { Access, type AccessConfig, type CertificateNames } from './authorization.ts';

const LOCAL: AccessConfig = {
  token: undefined,
  viewToken: undefined,
  allowAnonymous: false,
  allowedHosts: [],
  host: '127.0.0.1',
};
const clock = { monotonic: () => 0 };
const accessWith = (config: Partial<AccessConfig>, names: CertificateNames | null = null) =>
  new Access({ ...LOCAL, ...config }, clock, names);
const token = (read: () => string) => new Credential('MONITORING_TOKEN_FILE', read);
const bearer = (authorization: string | undefined) => requestWith({ authorization });

describe('without a token', () => {
  test.each(['localhost', 'LOCALHOST:8080', 'localhost.', '127.0.0.1', '127.0.0.1:1', '[::1]', '[::1]:65535'])(
    'a request for %s is answered',
    (host) => {
      expect(accessWith({}).hostAllowed(requestWith({ host }))).toBe(true);
    },
  );

  test.each([
    undefined,
    '',
    'evil.example',
    'localhost.evil.example',
    'evil.example:8080',
    '127.0.0.1.evil.example',
    '127.0.0.2',
    '::1',
    'localhost:',
    'localhost:8080@evil.example',
    'xlocalhost',
  ])('a request for %s is not', (host) => {
    expect(accessWith({}).hostAllowed(requestWith({ host }))).toBe(false);
  });

  test('a request whose own address names another host is not', () => {
    const host = 'localhost';
    expect(accessWith({}).hostAllowed(requestWith({ host }, 'http://evil.example/metrics'))).toBe(false);
    expect(accessWith({}).hostAllowed(requestWith({ host: 'evil.example' }, 'http://localhost:1/metrics'))).toBe(true);
  });

  test.each([false, true])(
    'the hosts that the operator lists are answered too, and no others (anonymous: %s)',
    (allowAnonymous) => {
      const access = accessWith({ allowAnonymous, allowedHosts: ['plugin.example', '10.0.0.7', '2001:db8::7'] });
      const allowed = (host: string) => access.hostAllowed(requestWith({ host }));
      const known = ['plugin.example', 'PLUGIN.example.:8080', '10.0.0.7:8080', '[2001:db8:0::7]:8080', 'localhost'];
      expect(known.map(allowed)).toEqual(known.map(() => true));
      const others = ['evil.example', 'x.plugin.example', 'plugin.example.evil', '10.0.0.8', '[2001:db8::8]', ''];
      expect(others.map(allowed)).toEqual(others.map(() => false));
    },
  );

  test("a host that only a proxy's header names is not answered", () => {
    const request = requestWith({ host: 'evil.example', 'x-forwarded-host': 'localhost', forwarded: 'host=localhost' });
    expect(accessWith({}).hostAllowed(request)).toBe(false);
  });

  test('under TLS the names of the certificate are answered too', () => {
    const access = accessWith({}, (name) => ['plugin.example', '10.0.0.7', '2001:db8::7'].includes(name));
    const allowed = (host: string) => access.hostAllowed(requestWith({ host }));
    expect(
      ['plugin.example', 'Plugin.Example:8443', '10.0.0.7:1', '[2001:db8::7]:2', 'localhost'].map(allowed),
    ).toEqual(Array(5).fill(true));
    expect(['evil.example', 'user@plugin.example', 'plugin.example/x', '', 'plugin.example.evil'].map(allowed)).toEqual(
      Array(5).fill(false),
    );
  });

  test('without a token, full access is limited to this machine unless the operator allows it; others have read access', () => {
    expect(accessWith({}).of(bearer(undefined))).toBe('full');
    expect(accessWith({ host: '0.0.0.0', allowAnonymous: true }).of(bearer(undefined))).toBe('full');
    expect(accessWith({ host: '0.0.0.0' }, () => true).of(bearer(undefined))).toBe('view');
    expect(accessWith({ host: '0.0.0.0' }, () => true).of(bearer('Bearer undefined'))).toBe('view');
  });
});

describe('with a token', () => {
  const access = accessWith({ token: token(() => 's3cret'), viewToken: token(() => 'l00k') });

  test.each(['Bearer s3cret', 'bearer s3cret', 'Bearer   s3cret'])('%s may do everything', (header) => {
    expect(access.of(bearer(header))).toBe('full');
  });

  test('the read-only token has read access', () => {
    expect(access.of(bearer('Bearer l00k'))).toBe('view');
  });

  test.each([undefined, '', 's3cret', 'Basic s3cret', 'Bearer', 'Bearer s3cre', 'Bearer s3cret2', 'Bearer s3cret x'])(
    '%s may nothing',
    (header) => {
      expect(access.of(bearer(header))).toBeNull();
    },
  );

  test('any host is answered', () => {
    expect(access.hostAllowed(requestWith({ host: 'plugin.example' }))).toBe(true);
  });

  test('with only a read-only token, no client has full access', () => {
    const onlyView = accessWith({ viewToken: token(() => 'l00k') });
    expect(onlyView.tokenNeeded).toBe(true);
    expect(onlyView.of(bearer('Bearer l00k'))).toBe('view');
    expect(onlyView.of(bearer('Bearer '))).toBeNull();
  });

  test('that became equal to the read-only token gives only read access', () => {
    const same = accessWith({ token: token(() => 'same'), viewToken: token(() => 'same') });
    expect(same.of(bearer('Bearer same'))).toBe('view');
  });

  test('a changed file takes effect at once, and an unreadable or empty one keeps the previous token', () => {
    let read = () => 'first';
    const changing = accessWith({ token: token(() => read()) });
    const may = (text: string) => changing.of(bearer(`Bearer ${text}`));
    expect(may('first')).toBe('full');
    read = () => 'second';
    expect(may('first')).toBeNull();
    expect(may('second')).toBe('full');
    read = () => '';
    expect(may('')).toBeNull();
    expect(may('second')).toBe('full');
    read = () => {
      throw new Error('gone');
    };
    expect(may('second')).toBe('full');
    expect(may('first')).toBeNull();
  });
});
