import { Environment } from '@vault-swarm/provider';
import { describe, expect, test } from 'vitest';
import { parseMonitoringConfig } from './config.ts';

function parse(variables: Record<string, string>, files: Record<string, string> = {}) {
  const environment = new Environment(variables, (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return text;
  });
  return { config: parseMonitoringConfig(environment), problems: environment.problems };
}

test('monitoring is on, on this machine only, unless told otherwise', () => {
  expect(parse({})).toEqual({
    config: { enabled: true, host: '127.0.0.1', port: 8080, token: undefined, allowAnonymous: false },
    problems: [],
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
      expect(parse({ MONITORING_HOST: host, MONITORING_ALLOW_ANONYMOUS: 'true' }).problems).toEqual([]);
      expect(parse({ MONITORING_HOST: host, ENABLE_MONITORING: 'false' }).problems).toEqual([]);
    },
  );

  test('that is none is refused', () => {
    expect(parse({ MONITORING_HOST: 'http://x:1' }).problems).toEqual([
      { variable: 'MONITORING_HOST', message: '"http://x:1" must be an address such as 127.0.0.1 or ::1, or a name' },
    ]);
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

test('all wrong values are reported at once', () => {
  const { problems } = parse({ ENABLE_MONITORING: 'yes', MONITORING_PORT: '65536', MONITORING_ALLOW_ANONYMOUS: '1' });
  expect(problems.map(({ variable }) => variable)).toEqual([
    'ENABLE_MONITORING',
    'MONITORING_PORT',
    'MONITORING_ALLOW_ANONYMOUS',
  ]);
});
