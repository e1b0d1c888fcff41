import { Environment } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { parseProxy } from './proxy.ts';

const PROXIES = { HTTP_PROXY: 'http://plain:3128', HTTPS_PROXY: 'http://tunnel:3128' };

function proxyOf(address: string, variables: Readonly<Record<string, string>>, socketPath?: string) {
  const environment = new Environment(variables, () => '');
  return {
    proxy: parseProxy(environment, { address, socketPath }, (name) => `VAULT_${name}`),
    problems: environment.problems,
    warnings: environment.warnings.map(({ variable, message }) => `${variable} ${message}`),
  };
}

test.for<[string, Record<string, string>, string | undefined]>([
  ['https://vault.example:8200', {}, undefined],
  ['https://vault.example:8200', PROXIES, 'http://tunnel:3128'],
  ['http://vault.example:8200', PROXIES, 'http://plain:3128'],
  ['http://vault.example:8200', { HTTPS_PROXY: 'http://tunnel:3128' }, undefined],
  ['https://vault.example:8200', { ...PROXIES, NO_PROXY: 'internal,example' }, undefined],
  ['https://127.0.0.1:8200', PROXIES, undefined],
  ['https://127.0.0.1:8200', { ...PROXIES, VAULT_PROXY_ADDR: 'own:8080' }, 'http://own:8080'],
  ['https://vault.example:8200', { VAULT_PROXY_ADDR: 'https://u:p@own', NO_PROXY: '*' }, 'https://u:p@own'],
  ['https://vault.example:8200', { ...PROXIES, VAULT_HTTP_PROXY: 'older:8080' }, 'http://older:8080'],
])('%s with %o is asked by %s', ([address, variables, proxy]) => {
  expect(proxyOf(address, variables)).toEqual({ proxy, problems: [], warnings: [] });
});

test('VAULT_PROXY_ADDR wins over its older name, with a warning', () => {
  const both = { VAULT_PROXY_ADDR: 'own:8080', VAULT_HTTP_PROXY: 'older:8080' };
  expect(proxyOf('https://vault.example:8200', both)).toEqual({
    proxy: 'http://own:8080',
    problems: [],
    warnings: ['VAULT_HTTP_PROXY is ignored, because VAULT_PROXY_ADDR is set too'],
  });
});

test('a socket is asked by no proxy, with a warning for one of its own', () => {
  const straight = { proxy: undefined, problems: [] };
  expect(proxyOf('http://localhost', PROXIES, '/run/vault.sock')).toEqual({ ...straight, warnings: [] });
  expect(proxyOf('http://localhost', { VAULT_PROXY_ADDR: 'own:8080' }, '/run/vault.sock')).toEqual({
    ...straight,
    warnings: ['VAULT_PROXY_ADDR is ignored, because VAULT_ADDR is a socket'],
  });
});

test('what is no HTTP proxy is a problem, which shows no password', () => {
  const { problems } = proxyOf('https://vault.example', { VAULT_PROXY_ADDR: 'socks5://user:password@own' });
  expect(problems).toMatchObject([{ variable: 'VAULT_PROXY_ADDR' }]);
  expect(JSON.stringify(problems)).not.toContain('user:password');
});
