import { Environment } from '@vault-swarm/provider';
import { describe, expect, test } from 'vitest';
import { parseMonitoringConfig } from './config.ts';
import { makeCertificate } from './testing/certificate.ts';

function parse(variables: Record<string, string>, files: Record<string, string> = {}) {
  const readFile = (path: string) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return text;
  };
  const environment = new Environment(variables, readFile);
  const config = parseMonitoringConfig(environment, readFile);
  return { config, problems: environment.problems, warnings: environment.warnings };
}

const pair = makeCertificate();
const TLS = { MONITORING_TLS_CERT_FILE: '/c', MONITORING_TLS_KEY_FILE: '/k' };

test('by default monitoring is on, on this machine only', () => {
  expect(parse({})).toEqual({
    config: {
      enabled: true,
      host: '127.0.0.1',
      port: 8080,
      token: undefined,
      viewToken: undefined,
      allowAnonymous: false,
      allowedHosts: [],
      tls: undefined,
    },
    problems: [],
    warnings: [],
  });
});

describe('an address', () => {
  test.each(['localhost', '127.0.0.1', '127.8.9.10', '::1', '[::1]', '0:0:0:0:0:0:0:1'])(
    '%s is this machine only and needs no token',
    (host) => {
      expect(parse({ MONITORING_HOST: host }).problems).toEqual([]);
    },
  );

  test.each(['0.0.0.0', '::', '[::]', '10.0.0.7', 'manager-1', '127.0.0.1.example.com', '128.0.0.1'])(
    '%s reaches further and is refused without a token or a word of permission',
    (host) => {
      const { problems } = parse({ MONITORING_HOST: host });
      expect(problems).toHaveLength(1);
      expect(problems[0]?.variable).toBe('MONITORING_HOST');
      expect(problems[0]?.message).toMatch(/can be reached from other machines: set MONITORING_TOKEN /);
      expect(parse({ MONITORING_HOST: host, MONITORING_TOKEN: 'abc' }).problems).toEqual([]);
      expect(parse({ MONITORING_HOST: host, MONITORING_TOKEN_FILE: '/t' }, { '/t': 'abc\n' }).problems).toEqual([]);
      const anonymous = { MONITORING_HOST: host, MONITORING_ALLOW_ANONYMOUS: 'true' };
      expect(parse(anonymous).problems.map(({ variable }) => variable)).toEqual(['MONITORING_ALLOWED_HOSTS']);
      expect(parse({ ...anonymous, MONITORING_ALLOWED_HOSTS: 'manager-1' }).problems).toEqual([]);
      expect(parse({ MONITORING_HOST: host, MONITORING_VIEW_TOKEN: 'abc' }).problems).toEqual([]);
      expect(parse({ MONITORING_HOST: host, ...TLS }, { '/c': pair.cert, '/k': pair.key }).problems).toEqual([]);
      expect(parse({ MONITORING_HOST: host, ENABLE_MONITORING: 'false' }).problems).toEqual([]);
    },
  );

  test('that is none is refused', () => {
    expect(parse({ MONITORING_HOST: 'http://x:1' }).problems).toEqual([
      { variable: 'MONITORING_HOST', message: '"http://x:1" must be an address such as 127.0.0.1 or ::1, or a name' },
    ]);
  });
});

describe('the hosts that are answered without a token', () => {
  test('are names and addresses, in their normal form', () => {
    const { config, problems } = parse({
      MONITORING_ALLOWED_HOSTS: 'Plugin.Example., 10.0.0.7 ::1,[2001:DB8::7],grün.example',
    });
    expect(problems).toEqual([]);
    expect(config.allowedHosts).toEqual(['plugin.example', '10.0.0.7', '::1', '2001:db8::7', 'xn--grn-ioa.example']);
  });

  test.each(['plugin.example:8080', '[::1]:8080', '*', '*.example', 'http://plugin.example', 'a/b', 'a@b', '[::1'])(
    'are not %s',
    (entry) => {
      expect(parse({ MONITORING_ALLOWED_HOSTS: entry }).problems).toEqual([
        {
          variable: 'MONITORING_ALLOWED_HOSTS',
          message: expect.stringContaining(`"${entry}" must be names or addresses`),
        },
      ]);
    },
  );

  test('are needed only if no token keeps others out', () => {
    const anonymous = { MONITORING_HOST: '0.0.0.0', MONITORING_ALLOW_ANONYMOUS: 'true' };
    expect(parse({ ...anonymous, MONITORING_TOKEN: 'x'.repeat(16) }).problems).toEqual([]);
    expect(parse({ ...anonymous, ENABLE_MONITORING: 'false' }).problems).toEqual([]);
  });
});

describe('a token', () => {
  test('comes from its variable or its file, less one newline', () => {
    expect(parse({ MONITORING_TOKEN: 'abc' }).config.token?.read()).toBe('abc');
    expect(parse({ MONITORING_TOKEN_FILE: '/t' }, { '/t': 'def\n' }).config.token?.read()).toBe('def');
  });

  test('that no header can carry is refused, and not shown', () => {
    const { problems } = parse({ MONITORING_TOKEN: 'correct horse' });
    expect(problems.map(({ variable }) => variable)).toEqual(['MONITORING_TOKEN']);
    expect(JSON.stringify(problems)).not.toContain('horse');
  });

  test('whose file is missing is one problem, not two', () => {
    const { problems } = parse({ MONITORING_HOST: '0.0.0.0', MONITORING_TOKEN_FILE: '/gone' });
    expect(problems.map(({ variable }) => variable)).toEqual(['MONITORING_TOKEN_FILE']);
  });
});

describe('a read-only token', () => {
  test('is read as the other one is', () => {
    expect(parse({ MONITORING_VIEW_TOKEN_FILE: '/t' }, { '/t': 'abc\n' }).config.viewToken?.read()).toBe('abc');
    expect(parse({ MONITORING_VIEW_TOKEN: 'a b' }).problems.map(({ variable }) => variable)).toEqual([
      'MONITORING_VIEW_TOKEN',
    ]);
  });

  test('is another one', () => {
    const { problems } = parse({ MONITORING_TOKEN: 'canary', MONITORING_VIEW_TOKEN_FILE: '/t' }, { '/t': 'canary' });
    expect(problems).toEqual([
      {
        variable: 'MONITORING_VIEW_TOKEN_FILE',
        message: 'must differ from MONITORING_TOKEN, which has full access',
      },
    ]);
  });
});

test('a token that may be guessed is warned of, without showing it', () => {
  const { warnings } = parse({ MONITORING_TOKEN: 'canary', MONITORING_VIEW_TOKEN: 'x'.repeat(16) });
  expect(warnings).toEqual([
    { code: 'short-token', variable: 'MONITORING_TOKEN', message: expect.stringContaining('can be guessed') },
  ]);
  expect(JSON.stringify(warnings)).not.toContain('canary');
});

describe('a certificate', () => {
  test('is reported together with its key if both can not be read', () => {
    const { problems } = parse(TLS, {});
    expect(problems.map(({ variable }) => variable)).toEqual(['MONITORING_TLS_CERT_FILE', 'MONITORING_TLS_KEY_FILE']);
  });

  test('comes from its file, with its key', () => {
    const { config, problems } = parse(TLS, { '/c': pair.cert, '/k': pair.key });
    expect(problems).toEqual([]);
    expect(config.tls?.first).toMatchObject(pair);
    expect(config.tls?.first.isFor('plugin.example')).toBe(true);
    expect(config.tls?.first.isFor('127.0.0.1')).toBe(true);
    expect(config.tls?.first.isFor('other.example')).toBe(false);
    expect(config.tls?.first.isFor('127.0.0.2')).toBe(false);
  });

  test.each([
    [
      'without its key',
      { MONITORING_TLS_CERT_FILE: '/c' },
      {},
      'MONITORING_TLS_CERT_FILE: needs MONITORING_TLS_KEY_FILE too',
    ],
    [
      'that is only a key',
      { MONITORING_TLS_KEY_FILE: '/k' },
      {},
      'MONITORING_TLS_KEY_FILE: needs MONITORING_TLS_CERT_FILE too',
    ],
    ['that is not there', TLS, { '/k': pair.key }, `MONITORING_TLS_CERT_FILE: "/c" names a file that does not exist`],
    [
      'whose key is not there',
      TLS,
      { '/c': pair.cert },
      `MONITORING_TLS_KEY_FILE: "/k" names a file that does not exist`,
    ],
    [
      'that is none',
      TLS,
      { '/c': 'x', '/k': pair.key },
      'MONITORING_TLS_CERT_FILE: "/c" must contain a certificate in PEM format',
    ],
    [
      'whose key is none',
      TLS,
      { '/c': pair.cert, '/k': pair.cert },
      'MONITORING_TLS_KEY_FILE: "/k" must contain a private key in PEM format without a passphrase',
    ],
    [
      'of another key',
      TLS,
      { '/c': pair.cert, '/k': makeCertificate().key },
      'MONITORING_TLS_KEY_FILE: "/k" is not the key of the certificate in MONITORING_TLS_CERT_FILE',
    ],
  ])('%s is refused', (_what, variables: Record<string, string>, files: Record<string, string>, expected) => {
    const { problems } = parse(variables, files);
    expect(problems.map(({ variable, message }) => `${variable}: ${message}`)).toEqual([
      expect.stringContaining(expected),
    ]);
    expect(JSON.stringify(problems)).not.toContain('-----BEGIN');
  });
});

test('all wrong values are reported at once', () => {
  const { problems } = parse({ ENABLE_MONITORING: 'yes', MONITORING_PORT: '65536', MONITORING_ALLOW_ANONYMOUS: '1' });
  expect(problems.map(({ variable }) => variable)).toEqual([
    'ENABLE_MONITORING',
    'MONITORING_PORT',
    'MONITORING_ALLOW_ANONYMOUS',
  ]);
});
