import { whyUnreadable } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { withMountAdvice } from './credentials-mount.ts';

const whyMissing = (path: string) => {
  const readFile = withMountAdvice(() => {
    throw Object.assign(new Error('missing'), { code: 'ENOENT' });
  });
  try {
    return readFile(path);
  } catch (error) {
    return whyUnreadable(error);
  }
};

test('a path of the host, which the managed plugin sees elsewhere, is named with the other one', () => {
  expect(whyMissing('/etc/vault-swarm/secret-id')).toBe(
    'does not exist; the managed plugin sees the directory of credentials.source as /run/vault-swarm: give /run/vault-swarm/secret-id',
  );
  expect(whyMissing('/run/vault-swarm/secret-id')).toBe('does not exist');
});
