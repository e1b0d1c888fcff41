import { expect, test } from 'vitest';
import { isThisMachine } from './this-machine.ts';

test.each(['localhost', 'LocalHost', 'localhost.', 'vault.localhost', '127.0.0.1', '127.8.9.10', '[::1]', '::1'])(
  '%s is this machine',
  (hostname) => {
    expect(isThisMachine(hostname)).toBe(true);
  },
);

test.each(['', 'vault', 'localhost.example', 'xlocalhost', '127.0.0.1.example', '128.0.0.1', '[::2]', '0.0.0.0', '::'])(
  '%j may be another machine',
  (hostname) => {
    expect(isThisMachine(hostname)).toBe(false);
  },
);
