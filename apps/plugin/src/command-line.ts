/** The commands of the command line. */
export type Command = 'run' | 'check-config' | 'check-live' | 'describe' | 'help' | 'version';

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['--check-config', 'check-config'],
  ['--check-live', 'check-live'],
  ['--describe', 'describe'],
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
]);

/** The command; `null` if the arguments are unknown. */
export function parseCommandLine(args: readonly string[]): Command | null {
  if (args.length === 0) return 'run';
  return args.length === 1 ? (COMMANDS.get(args[0] ?? '') ?? null) : null;
}
