import { expect, test } from 'vitest';
import { UnusableFile, whyUnreadable } from './read-file.ts';

const failure = (code: string, path: string) => Object.assign(new Error(`${code}: ${path}`), { code, path });

test.each([
  [failure('ENOENT', '/run/token'), 'does not exist'],
  [failure('EACCES', '/run/token'), "can't be read: this process has no permission"],
  [failure('EISDIR', '/run'), 'is a directory'],
  [failure('EIO', '/run/token'), "can't be read (EIO)"],
  [new Error('x'), "can't be read"],
  [new UnusableFile('is a device'), 'is a device'],
])('%s: a file that %s', (error, reason) => {
  expect(whyUnreadable(error)).toBe(reason);
});

test('the advice of the reader follows the reason', () => {
  const error = Object.assign(failure('ENOENT', '/etc/x'), { advice: 'give /run/x' });
  expect(whyUnreadable(error)).toBe('does not exist; give /run/x');
});
