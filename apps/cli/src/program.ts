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
  leases(options: CommonOptions & ListOptions): Promise<void>;
  service(name: string, options: CommonOptions): Promise<void>;
  secret(name: string, options: CommonOptions): Promise<void>;
  plan(secret: string | undefined, options: CommonOptions & RequestOptions): Promise<void>;
  rotate(
    secret: string | undefined,
    options: CommonOptions & RequestOptions & { readonly yes?: boolean },
  ): Promise<void>;
  check(labels: readonly string[], options: CommonOptions & CheckOptions): Promise<void>;
  lockdown(options: CommonOptions & { readonly release?: boolean }): Promise<void>;
  events(
    options: CommonOptions & {
      readonly level: string;
      readonly limit: number;
      readonly follow?: boolean;
      readonly rotations?: boolean;
    },
  ): Promise<void>;
  explain(code: string, options: Pick<CommonOptions, 'json'>): Promise<void>;
  doctor(options: CommonOptions & { readonly cluster?: boolean }): Promise<void>;
}

/** What lists take. */
interface ListOptions {
  readonly search?: string;
  readonly problems?: boolean;
}

/** What `check` takes besides labels. */
interface CheckOptions {
  readonly file?: string;
  readonly secret?: string;
  readonly service?: string;
  readonly stack?: string;
}

/** What says which services a manual request concerns. */
interface RequestOptions {
  readonly service?: string;
  readonly quarantined?: boolean;
  readonly force?: boolean;
}

const AFTER_HELP = [
  '',
  'The address of the plugin is VAULT_SWARM_URL (else http://127.0.0.1:$MONITORING_PORT), the token VAULT_SWARM_TOKEN (else ' +
    'MONITORING_TOKEN). For a file with the value, add _FILE to the name. For HTTPS with your own authority, set VAULT_SWARM_CACERT.',
  '',
  `Exit codes: ${EXIT.well} no problem, ${EXIT.wrong} a problem was found, ${EXIT.wrongUse} wrong use, ${EXIT.notReached} plugin not reached.`,
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
    .description('Shows the state of a running Vault Swarm Plugin, rotates secrets, and finds mistakes.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addHelpText('after', () => AFTER_HELP.flatMap((text) => wrap(text, output.getOutHelpWidth?.() ?? 80)).join('\n'));

  common(program.command('status'))
    .description('show the state, the problems and the figures')
    .option('-w, --watch', 'repeat until Ctrl-C')
    .addOption(duration('--interval <duration>', 'how often --watch repeats', '2s', 100))
    .action((options) => actions.status(options));

  listing(common(program.command('secrets')))
    .description('list the secrets of this driver, problems first')
    .action((options) => actions.secrets(options));

  listing(common(program.command('services')))
    .description('list the services that use them, problems first')
    .option('--rolling', 'only those with a rollout in progress')
    .action((options) => actions.services(options));

  listing(common(program.command('leases')))
    .description('list the credentials that end, and what is wrong with them')
    .action((options) => actions.leases(options));

  common(program.command('secret'))
    .argument('<name>', 'the secret')
    .description('show one secret: its revision, its services, its problems and events')
    .action((name, options) => actions.secret(name, options));

  common(program.command('service'))
    .argument('<name>', 'the service')
    .description('show one service: its state, the revisions of its tasks, its problems and events')
    .action((name, options) => actions.service(name, options));

  requesting(common(program.command('rotate')))
    .description('show the plan, ask for confirmation, and rotate now')
    .option('-y, --yes', 'do not ask for confirmation')
    .action((secret, options) => actions.rotate(secret, options));

  requesting(common(program.command('plan')))
    .description('show what a rotation would do, or what is due (read-only)')
    .action((secret, options) => actions.plan(secret, options));

  common(program.command('check'))
    .argument('[labels...]', 'LABEL=VALUE of a secret that does not exist yet')
    .description('check labels, or a stack file, before a secret is created: never shows a value (read-only)')
    .option('--file <stack.yml>', 'check all secrets of this stack file, for the services that use them')
    .option('--secret <name>', 'the name that the secret will have')
    .option('--service <name>', 'the service that will use it')
    .option('--stack <name>', 'the stack of the service')
    .action((labels, options) => actions.check(labels, options));

  common(program.command('lockdown'))
    .description('start a lockdown on all managers: drop all cached values, serve none from the cache')
    .option('--release', 'end the lockdown')
    .action((options) => actions.lockdown(options));

  common(program.command('events'))
    .description('show the events, newest last')
    .addOption(
      new Option('--level <level>', 'the lowest level to show')
        .choices(['error', 'warn', 'info', 'debug'])
        .default('info'),
    )
    .addOption(new Option('-n, --limit <number>', 'the number of events').default(20).argParser(limit))
    .option('-f, --follow', 'continue with new events until Ctrl-C')
    .option('--rotations', 'show the latest rotations with their causes, newest first')
    .action((options) => actions.events(options));

  withJson(program.command('explain'))
    .argument('<code>', 'the code of a problem, such as PROVIDER_UNAVAILABLE')
    .description('show what a problem means, and what to do (needs no plugin)')
    .action((code, options) => actions.explain(code, options));

  common(program.command('doctor'))
    .description('check for common mistakes, and say how to fix them (read-only)')
    .option('--cluster', 'also list the managers, and the plugin of each')
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
    leases: never,
    secret: never,
    service: never,
    plan: never,
    rotate: never,
    check: never,
    lockdown: never,
    events: never,
    explain: never,
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
    withJson(command)
      .option('--url <url>', "the plugin's address, instead of VAULT_SWARM_URL")
      // The plugin takes up to 15 s to record a manual rotation, and then reports why it failed.
      .addOption(duration('--timeout <duration>', 'how long to wait for a response', '20s', 1))
  );
}

function withJson(command: Command): Command {
  return command.option('--json', 'print one JSON value on stdout, also for errors');
}

function listing(command: Command): Command {
  return command
    .option('--search <text>', 'only those with this text in their name')
    .option('--problems', 'only those with a problem');
}

function requesting(command: Command): Command {
  return command
    .argument('[secret]', 'roll every service that uses this secret')
    .option('--service <name>', 'roll this service, with all of its secrets')
    .option('--quarantined', 'roll every service with quarantined values')
    .option('--force', 'also restart services whose tasks have the newest values already');
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
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= 1_000) return number;
  throw new InvalidArgumentError('It must be a whole number from 1 to 1000.');
}
