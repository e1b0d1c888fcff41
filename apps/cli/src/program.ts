import { parseDuration } from '@vault-swarm/kernel';
import { Command, InvalidArgumentError, Option, type OutputConfiguration } from 'commander';
import { EXIT } from './failure.ts';
import { wrap } from './terminal/wrap.ts';
import { VERSION } from './version.ts';

/** What every command that asks the plugin takes. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly url?: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/** What each command does. */
export interface Actions {
  status(options: CommonOptions & { readonly watch?: boolean; readonly interval: number }): Promise<void>;
  secrets(options: CommonOptions & ListOptions): Promise<void>;
  services(options: CommonOptions & ListOptions & { readonly rolling?: boolean }): Promise<void>;
  plan(secret: string | undefined, options: CommonOptions & RequestOptions): Promise<void>;
  rotate(
    secret: string | undefined,
    options: CommonOptions & RequestOptions & { readonly yes?: boolean },
  ): Promise<void>;
  lockdown(options: CommonOptions & { readonly release?: boolean }): Promise<void>;
  events(
    options: CommonOptions & { readonly level: string; readonly limit: number; readonly follow?: boolean },
  ): Promise<void>;
  doctor(options: CommonOptions): Promise<void>;
}

/** What lists take. */
interface ListOptions {
  readonly search?: string;
  readonly problems?: boolean;
}

/** What says which services a manual request concerns. */
interface RequestOptions {
  readonly service?: string;
  readonly quarantined?: boolean;
}

const AFTER_HELP = [
  '',
  'Finds the plugin by VAULT_SWARM_URL (else http://127.0.0.1:$MONITORING_PORT) and VAULT_SWARM_TOKEN (else ' +
    'MONITORING_TOKEN), each also as ..._FILE. For HTTPS with an authority of your own: VAULT_SWARM_CACERT.',
  '',
  `Exit codes: ${EXIT.well} all is well, ${EXIT.wrong} something is wrong, ${EXIT.wrongUse} wrong use, ${EXIT.notReached} plugin not reached.`,
];

/**
 * The commands, options and their help. It throws commander's own errors instead of ending the process.
 * @param output where help and versions go; errors go nowhere but into what is thrown.
 */
export function createProgram(actions: Actions, output: OutputConfiguration): Command {
  const program = new Command('vault-swarm')
    .configureOutput(output)
    .configureHelp({ minWidthToWrap: 20 })
    .exitOverride()
    .description('Asks a running Vault Swarm Plugin, and finds what is wrong around it.')
    .version(VERSION, '-V, --version', 'prints the version')
    .helpOption('-h, --help', 'prints this')
    .helpCommand(false)
    .addHelpText('after', () => AFTER_HELP.flatMap((text) => wrap(text, output.getOutHelpWidth?.() ?? 80)).join('\n'));

  common(program.command('status'))
    .description('whether all is well, and the figures')
    .option('-w, --watch', 'show it again and again, until Ctrl-C')
    .addOption(duration('--interval <duration>', 'how often --watch looks', '2s', 100))
    .action((options) => actions.status(options));

  listing(common(program.command('secrets')))
    .description('the secrets of this driver, what is wrong first')
    .action((options) => actions.secrets(options));

  listing(common(program.command('services')))
    .description('the services that use them, what is wrong first')
    .option('--rolling', 'only those that roll now')
    .action((options) => actions.services(options));

  requesting(common(program.command('rotate')))
    .description('rotates now, after it showed the plan and asked')
    .option('-y, --yes', 'do not ask')
    .action((secret, options) => actions.rotate(secret, options));

  requesting(common(program.command('plan')))
    .description('what a rotation would do, or what is due; does nothing')
    .action((secret, options) => actions.plan(secret, options));

  common(program.command('lockdown'))
    .description('drops cached values on all managers, and serves none from the cache')
    .option('--release', 'end the lockdown')
    .action((options) => actions.lockdown(options));

  common(program.command('events'))
    .description('what happened, the newest last')
    .addOption(
      new Option('--level <level>', 'what matters at least so much')
        .choices(['error', 'warn', 'info', 'debug'])
        .default('info'),
    )
    .addOption(new Option('-n, --limit <number>', 'how many').default(20).argParser(limit))
    .option('-f, --follow', 'go on with what happens, until Ctrl-C')
    .action((options) => actions.events(options));

  common(program.command('doctor'))
    .description('what people get wrong, and how to fix it; only looks')
    .action((options) => actions.doctor(options));

  return program;
}

/** The names of the commands and of their options, for the reference. */
export function describeCommands(): readonly { readonly name: string; readonly options: readonly string[] }[] {
  const never = () => Promise.reject(new Error('only described'));
  const actions = {
    status: never,
    secrets: never,
    services: never,
    plan: never,
    rotate: never,
    lockdown: never,
    events: never,
    doctor: never,
  };
  const { commands } = createProgram(actions, {});
  return commands.map((command) => ({
    name: command.name(),
    options: command.options.flatMap(({ short, long }) => [short, long]).filter((flag) => flag !== undefined),
  }));
}

function common(command: Command): Command {
  return (
    command
      .option('--json', 'one JSON value on stdout, also for errors')
      .option('--url <url>', 'where the plugin is, instead of VAULT_SWARM_URL')
      // The plugin itself takes up to 15 s to note a manual request, and then says why it could not.
      .addOption(duration('--timeout <duration>', 'how long an answer may take', '20s', 1))
  );
}

function listing(command: Command): Command {
  return command
    .option('--search <text>', 'only those with this in their name')
    .option('--problems', 'only those with a problem');
}

function requesting(command: Command): Command {
  return command
    .argument('[secret]', 'every service that uses this secret')
    .option('--service <name>', 'one service, for all of its secrets')
    .option('--quarantined', 'every service whose new values were quarantined');
}

function duration(flags: string, description: string, otherwise: string, leastMs: number): Option {
  return new Option(flags, description).default(parseDuration(otherwise), otherwise).argParser((text) => {
    const ms = parseDuration(text);
    if (ms === null || ms < leastMs || ms > 2 ** 31 - 1) {
      throw new InvalidArgumentError(`It must be a duration such as 500ms, 10s or 1m30s, at least ${leastMs}ms.`);
    }
    return ms;
  });
}

function limit(text: string): number {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= 500) return number;
  throw new InvalidArgumentError('It must be a whole number from 1 to 500.');
}
