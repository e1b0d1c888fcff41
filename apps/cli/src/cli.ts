import { levelSchema } from '@vault-swarm/http/api';
import { displayText } from '@vault-swarm/kernel';
import { Environment, whyUnreadable } from '@vault-swarm/provider';
import { CommanderError } from 'commander';
import { suggesting } from './commands/did-you-mean.ts';
import { events, showEvent } from './commands/events.ts';
import { leases } from './commands/leases.ts';
import { lockdown } from './commands/lockdown.ts';
import { plan } from './commands/plan.ts';
import { requestOf } from './commands/request.ts';
import { type Confirm, rotate } from './commands/rotate.ts';
import { rotations } from './commands/rotations.ts';
import { secret } from './commands/secret.ts';
import { secrets } from './commands/secrets.ts';
import { service } from './commands/service.ts';
import { services } from './commands/services.ts';
import { status } from './commands/status.ts';
import { addCompletion, COMPLETION_TIMEOUT_MS, type KnownNames, knownNames, wantsNames } from './completion.ts';
import { EXIT, type ExitCode, Failure } from './failure.ts';
import { follow } from './follow.ts';
import { findPlugin } from './plugin/address.ts';
import { PluginClient } from './plugin/client.ts';
import { type Actions, type CommonOptions, createProgram } from './program.ts';
import type { Report } from './report.ts';
import { Paper } from './terminal/printer.ts';
import { visibleJson } from './terminal/visible.ts';
import { watch } from './watch.ts';
import { hasColours, type World, widthOf } from './world.ts';

/** Runs one command line (without the program's own name) to its end, and gives the exit code. */
export async function runCli(args: readonly string[], world: World): Promise<ExitCode> {
  const cli = new Cli(world);
  let printed = '';
  try {
    const known: KnownNames = wantsNames(args) ? await cli.known() : { secrets: [], services: [] };
    const program = createProgram(cli.actions(), {
      writeOut: (text) => {
        printed += text;
      },
      writeErr: () => {},
      getOutHelpWidth: () => widthOf(world),
      getOutHasColors: () => false,
    });
    addCompletion(program, known);
    if (args.length === 0) {
      world.stderr.write(program.helpInformation());
      return EXIT.wrongUse;
    }
    await program.parseAsync(args, { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      const kind = error.code === 'commander.version' ? 'version' : 'help';
      world.stdout.write(isJson(args) ? `${visibleJson({ ok: true, [kind]: printed.trimEnd() })}\n` : printed);
      return EXIT.well;
    }
    const failure = vaultErrorOf(error, args);
    if (isJson(args)) world.stdout.write(`${visibleJson({ ok: false, error: errorDocument(failure) })}\n`);
    else cli.showOnStderr((paper) => showFailure(paper, failure));
    return failure.exitCode;
  } finally {
    cli.close();
  }
}

class Cli {
  readonly #world: World;
  #client: PluginClient | null = null;
  exitCode: ExitCode = EXIT.well;

  constructor(world: World) {
    this.#world = world;
  }

  actions(): Actions {
    return {
      status: (options) => {
        if (options.watch !== true) return this.#report(options, (client) => status(client));
        refuseJson(options, '--watch');
        return this.#watch(options);
      },
      secrets: (options) =>
        this.#report(options, (client) =>
          secrets(client, { search: options.search, state: options.problems ? 'problem' : undefined }),
        ),
      services: (options) => {
        if (options.problems && options.rolling) {
          throw new Failure('WRONG_USE', '--problems and --rolling exclude each other', 'Give one of them.');
        }
        const state = options.problems ? 'problem' : options.rolling ? 'rolling' : undefined;
        return this.#report(options, (client) => services(client, { search: options.search, state }));
      },
      leases: (options) =>
        this.#report(options, (client) =>
          leases(client, { search: options.search, state: options.problems ? 'problem' : undefined }),
        ),
      secret: (name, options) => this.#report(options, (client) => secret(client, name)),
      service: (name, options) => this.#report(options, (client) => service(client, name)),
      plan: (secret, { service, quarantined, force, ...options }) => {
        const request = requestOf({ secret, service, quarantined, force });
        return this.#report(options, (client) => suggesting(client, request, () => plan(client, request)));
      },
      rotate: (secret, { service, quarantined, force, yes, ...options }) => {
        const request = requestOf({ secret, service, quarantined, force });
        if (request === null) {
          throw new Failure('WRONG_USE', 'nothing is named', 'Give a SECRET, --service NAME or --quarantined.');
        }
        const confirm = yes ? null : this.#confirm(options);
        return this.#report(options, (client) => suggesting(client, request, () => rotate(client, request, confirm)));
      },
      check: async (labels, { file, secret, service, stack, ...options }) => {
        const { check, checkStack, labelsFrom } = await import('./commands/check.ts');
        if (file === undefined) {
          const checked = [{ name: secret, labels: labelsFrom(labels), service, stack }];
          return this.#report(options, (client) => check(client, checked));
        }
        if (labels.length > 0 || secret !== undefined || service !== undefined) {
          throw new Failure(
            'WRONG_USE',
            'a file names its secrets and services itself',
            'Give --file and --stack only.',
          );
        }
        const { readStackFile } = await import('./stack-file.ts');
        const text = this.#readGiven(file);
        return this.#report(options, (client) => checkStack(client, readStackFile(text, stack, this.#world.env)));
      },
      lockdown: (options) => this.#report(options, (client) => lockdown(client, options.release !== true)),
      events: async (options) => {
        if (options.rotations === true) {
          if (options.follow) throw new Failure('WRONG_USE', '--rotations shows what ended', 'Leave --follow out.');
          return this.#report(options, (client) => rotations(client, options.limit));
        }
        const level = levelSchema.parse(options.level);
        if (!options.follow) return this.#report(options, (client) => events(client, level, options.limit));
        refuseJson(options, '--follow');
        return this.#follow(options, level, options.limit);
      },
      explain: async (code, options) => {
        const { explain } = await import('./commands/explain.ts');
        this.#give(options, explain(code));
      },
      doctor: async (options) => {
        // Only this asks Docker: the others do not load what that takes.
        const { doctor } = await import('./doctor/doctor.ts');
        this.#give(
          options,
          await doctor(() => this.#open(options), this.#world, { listsManagers: options.cluster === true }),
        );
      },
    };
  }

  /** Names for the shell; none where the plugin is not configured or does not answer. */
  async known(): Promise<KnownNames> {
    try {
      return await knownNames(this.#open({ timeout: COMPLETION_TIMEOUT_MS }));
    } catch {
      return { secrets: [], services: [] };
    }
  }

  showOnStderr(show: (paper: Paper) => void): void {
    const paper = new Paper({ width: widthOf(this.#world), colours: false });
    show(paper);
    this.#world.stderr.write(paper.text());
  }

  close(): void {
    this.#client?.close();
  }

  async #report(options: CommonOptions, look: (client: PluginClient) => Promise<Report>): Promise<void> {
    this.#give(options, await look(this.#open(options)));
  }

  #give({ json }: Pick<CommonOptions, 'json'>, report: Report): void {
    this.exitCode = report.exitCode;
    if (json === true) {
      const document = { ok: report.exitCode === EXIT.well, ...report.document };
      this.#world.stdout.write(`${visibleJson(document)}\n`);
    } else {
      this.#print((paper) => report.show(paper));
    }
  }

  async #watch(options: CommonOptions & { readonly interval: number }): Promise<void> {
    const client = this.#open(options);
    this.exitCode = await watch(this.#world, options.interval, (signal) => status(client, signal), showFailure);
  }

  async #follow(options: CommonOptions, level: ReturnType<typeof levelSchema.parse>, limit: number): Promise<void> {
    if (level === 'debug') {
      throw new Failure('WRONG_USE', '--follow has no events of level debug', 'Leave --follow or --level debug out.');
    }
    const client = this.#open(options);
    const { document } = await client.events({ level, limit });
    const give = (event: Parameters<typeof showEvent>[1]) => this.#print((paper) => showEvent(paper, event));
    document.events.toReversed().forEach(give);
    const after = document.events[0]?.id ?? null;
    await follow(client, { level, after, signal: this.#world.interrupted }, give);
  }

  /** Asks on the terminal, where there is somebody. */
  #confirm({ json }: CommonOptions): Confirm {
    const { ask } = this.#world;
    if (json || ask === null) {
      throw new Failure('WRONG_USE', 'nobody can be asked here', 'Say --yes to rotate without a question.');
    }
    return async (show) => {
      this.showOnStderr(show);
      return /^y(es)?$/i.test((await ask('Rotate? [y/N] ')).trim());
    };
  }

  #print(show: (paper: Paper) => void): void {
    const paper = new Paper({ width: widthOf(this.#world), colours: hasColours(this.#world) });
    show(paper);
    this.#world.stdout.write(paper.text());
  }

  /** @throws {Failure} `WRONG_USE` if the file of an option can't be read. */
  #readGiven(path: string): string {
    try {
      return this.#world.readFile(path);
    } catch (error) {
      throw new Failure('WRONG_USE', `the file ${displayText(path)} ${whyUnreadable(error)}`, 'Check --file.', error);
    }
  }

  #open({ url, timeout }: CommonOptions): PluginClient {
    const { env, readFile } = this.#world;
    this.#client = new PluginClient(findPlugin(new Environment(env, readFile), readFile, url), timeout);
    return this.#client;
  }
}

function refuseJson({ json }: CommonOptions, option: string): void {
  if (!json) return;
  throw new Failure(
    'WRONG_USE',
    `--json gives one value, and ${option} has no end`,
    `Leave one of them out. Programs follow /api/v1/stream.`,
  );
}

/** Whether `--json` stands among the options, also where they could not be understood. */
function isJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}

/** @throws what is a fault of ours. */
function vaultErrorOf(error: unknown, args: readonly string[]): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof CommanderError) {
    const message = error.message
      .replace(/^error: /, '')
      .replaceAll('\n', ' ')
      .trim();
    const command = args.find((arg) => /^[a-z]/.test(arg));
    const known = command !== undefined && error.code !== 'commander.unknownCommand';
    return new Failure('WRONG_USE', message, `See vault-swarm ${known ? `${command} ` : ''}--help.`, error);
  }
  throw error;
}

function showFailure(paper: Paper, { message, advice }: Failure): void {
  paper.say(`vault-swarm: ${message}`, 'bad');
  paper.item('  ', advice);
}

function errorDocument({ code, message, advice }: Failure) {
  return { code, message, advice };
}
