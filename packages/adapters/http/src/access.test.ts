import { Credential } from '@vault-swarm/provider';
import { describe, expect, test } from 'vitest';
import { Access } from './access.ts';

const anonymous = new Access({ token: undefined, allowAnonymous: false });
const withToken = (read: () => string) =>
  new Access({ token: new Credential('MONITORING_TOKEN_FILE', read), allowAnonymous: false });

describe('without a token', () => {
  test.each(['localhost', 'LOCALHOST:8080', '127.0.0.1', '127.0.0.1:1', '[::1]', '[::1]:8080'])(
    'a request for %s is answered',
    (host) => {
      expect(anonymous.hostAllowed(host)).toBe(true);
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
    expect(anonymous.hostAllowed(host)).toBe(false);
  });

  test('any host is answered where the operator allows everybody', () => {
    expect(new Access({ token: undefined, allowAnonymous: true }).hostAllowed('evil.example')).toBe(true);
  });

  test('nobody is signed in, whatever they send', () => {
    expect(anonymous.signedIn(undefined)).toBe(false);
    expect(anonymous.signedIn('Bearer ')).toBe(false);
    expect(anonymous.signedIn('Bearer undefined')).toBe(false);
  });
});

describe('with a token', () => {
  const access = withToken(() => 's3cret');

  test.each(['Bearer s3cret', 'bearer s3cret', 'Bearer   s3cret'])('%s signs in', (header) => {
    expect(access.signedIn(header)).toBe(true);
  });

  test.each([undefined, '', 's3cret', 'Basic s3cret', 'Bearer', 'Bearer s3cre', 'Bearer s3cret2', 'Bearer s3cret x'])(
    '%s does not',
    (header) => {
      expect(access.signedIn(header)).toBe(false);
    },
  );

  test('any host is answered', () => {
    expect(access.hostAllowed('plugin.example')).toBe(true);
  });

  test('a changed file counts at once, and an unreadable or empty one locks nobody out', () => {
    let read = () => 'first';
    const changing = withToken(() => read());
    expect(changing.signedIn('Bearer first')).toBe(true);
    read = () => 'second';
    expect(changing.signedIn('Bearer first')).toBe(false);
    expect(changing.signedIn('Bearer second')).toBe(true);
    read = () => '';
    expect(changing.signedIn('Bearer ')).toBe(false);
    expect(changing.signedIn('Bearer second')).toBe(true);
    read = () => {
      throw new Error('gone');
    };
    expect(changing.signedIn('Bearer second')).toBe(true);
    expect(changing.signedIn('Bearer first')).toBe(false);
  });
});
