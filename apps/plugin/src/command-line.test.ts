import { expect, test } from 'vitest';
import { HELP, parseCommandLine } from './command-line.ts';

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

test('the help fits a terminal of 80 columns', () => {
  expect(Math.max(...HELP.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});
