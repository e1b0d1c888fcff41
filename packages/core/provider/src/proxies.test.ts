import { expect, test } from 'vitest';
import { Environment } from './configuration.ts';
import { parseProxies } from './proxies.ts';

function parse(variables: Readonly<Record<string, string>>) {
  const environment = new Environment(variables, () => '');
  return { ...parseProxies(environment), problems: environment.problems };
}

test('without variables everybody is asked straight', () => {
  expect(parse({})).toMatchObject({ http: undefined, https: undefined, problems: [] });
});

test('capital letters win over small ones, a scheme may be left out, and exceptions are in any order', () => {
  expect(
    parse({ HTTP_PROXY: 'one:1', http_proxy: 'http://two:2', https_proxy: '[::1]:3', NO_PROXY: ' a, .b  10.0.0.0/8,' }),
  ).toEqual({
    http: 'http://one:1',
    https: 'http://[::1]:3',
    noProxy: ['a', '.b', '10.0.0.0/8', 'localhost', '127.0.0.1', '::1'],
    problems: [],
  });
});

test.for(['socks5://proxy:1080', 'http://user:pass word@proxy', 'http://', 'proxy:port', 'http://a/b'])(
  'what is no HTTP proxy (%s) is a problem, and is not shown',
  (given) => {
    const { https, problems } = parse({ HTTPS_PROXY: given });
    expect(https).toBeUndefined();
    expect(problems).toEqual([
      { variable: 'HTTPS_PROXY', message: 'must be the address of an HTTP proxy, such as http://proxy.example:3128' },
    ]);
  },
);
