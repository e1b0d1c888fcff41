import { ProviderError } from '@vault-swarm/provider';
import { describe, expect, test } from 'vitest';
import { kvPath, mountPath, mountProblem, pathProblem } from './paths.ts';

const at = (mount: string, path: string) => ({ mount, path, v1Path: path });

const RESERVED = ['auth', 'sys', 'identity', 'cubbyhole'];
const spellings = RESERVED.flatMap((name) => [
  name,
  `${name}/token`,
  `/${name}`,
  `//${name}/`,
  `${name}/`,
  `./${name}`,
  `x/../${name}`,
  name.toUpperCase(),
  ` ${name}`,
  `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`,
  `%25${name.charCodeAt(0).toString(16)}${name.slice(1)}`,
  `${name}%2ftoken`,
  `%2f${name}`,
  `${name}\\token`,
  `%2e/${name}`,
]);

describe('paths at Vault', () => {
  test.each(['', ...spellings])('have no mount %j', (mount) => {
    expect(mountProblem(mount)).not.toBeNull();
    for (const ask of [() => mountPath(mount), () => kvPath(at(mount, 'app'), 'data')]) {
      expect(ask).toThrow(ProviderError);
    }
  });

  test.each(['secret', 'teams/kv', 'authority', 'system', 'kv auth', 'team/auth', '100%', 'Grüße'])(
    'may have the mount %j',
    (mount) => {
      expect(mountProblem(mount)).toBeNull();
      expect(kvPath(at(mount, 'auth/app')).plain).toBe(`${mount}/auth/app`);
    },
  );

  test.each(['..', 'a/../b', 'a/%2e%2e/b', 'a/.%2E', '%252e%252e/b', 'a%2f..%2fb', 'a/..\\b'])(
    'lead nowhere else by %j',
    (path) => {
      expect(pathProblem(path)).toBe('must not have a part that is "." or ".."');
      expect(() => kvPath(at('secret', path), 'metadata')).toThrow(/must not have a part/);
    },
  );

  test.each([
    '\u200b',
    '\u00ad',
    '\u2028',
    '\u00a0',
    '\u3000',
    '\ue000',
    '\ud83d',
    '\0',
    '\x9f',
    '\u{e0001}',
    '\u0378',
  ])('have no character that Go does not print, such as %j', (character) => {
    expect(pathProblem(`a${character}b`)).toBe('must not have control characters or hidden characters');
  });

  test.each(['é', 'ü', '日本', '🐙', 'a b', '€', '«x»', 'e\u0301'])('may have %j', (text) => {
    expect(pathProblem(text)).toBeNull();
  });

  test('are encoded for a URL, and plain in a policy', () => {
    expect(kvPath(at('teams/kv', 'a b/c?d#e%'), 'data')).toEqual({
      plain: 'teams/kv/data/a b/c?d#e%',
      encoded: 'teams/kv/data/a%20b/c%3Fd%23e%25',
    });
  });
});
