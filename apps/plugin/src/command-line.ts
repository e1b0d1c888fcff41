/** What the command line asks for. */
export type Command = 'run' | 'check-config' | 'check-live' | 'describe' | 'help' | 'version';

/** The text of `--help`. */
export const HELP = `Usage: vault-swarm-plugin [--check-config | --check-live | --describe | --help |
                           --version]

Serves Docker Swarm's secrets from Vault and other providers, and rolls the
services that hold an old value when one is rotated. Runs in the foreground;
everything is configured by the environment (docs/reference/environment.md).

  --check-config  prints every problem of the configuration and starts nothing
  --check-live    asks on PLUGIN_SOCKET whether the plugin serves, for health
                  checks; needs and sends no token; exit code 0 or 1
  --describe      prints as JSON what can be configured: the kinds of provider,
                  the environment variables, and the schema of CONFIG_FILE
  --help          prints this
  --version       prints the version

Exit codes: 0 after SIGTERM or a question answered, 2 wrong configuration or
wrong use, 1 anything else.
`;

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['--check-config', 'check-config'],
  ['--check-live', 'check-live'],
  ['--describe', 'describe'],
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
]);

/** The command, or `null` where the arguments are none that we know. */
export function parseCommandLine(args: readonly string[]): Command | null {
  if (args.length === 0) return 'run';
  return args.length === 1 ? (COMMANDS.get(args[0] ?? '') ?? null) : null;
}
