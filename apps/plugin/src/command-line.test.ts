import { expect, test } from 'vitest';
import { parseCommandLine } from './command-line.ts';

test.each([
  [[], 'run'],
  [['--check-config'], 'check-config'],
  [['--check-live'], 'check-live'],
  [['--describe'], 'describe'],
  [['--help'], 'help'],
  [['--version'], 'version'],
  [['--verison'], null],
  [['constructor'], null],
  [['--check-config', '--help'], null],
] as const)('%j is %s', (args, command) => {
  expect(parseCommandLine(args)).toBe(command);
});
