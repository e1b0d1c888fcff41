import type { Complete } from '@bomb.sh/tab';
import tab from '@bomb.sh/tab/commander';
import { problemCodes } from '@vault-swarm/provider';
import type { Command } from 'commander';
import type { PluginClient } from './plugin/client.ts';

/** A shell waits for the answer while its user does. */
export const COMPLETION_TIMEOUT_MS = 800;

/** The names that the plugin knows, for completion. */
export interface KnownNames {
  readonly secrets: readonly string[];
  readonly services: readonly string[];
}

/** Adds `completion SHELL`, which prints a shell's script, and what the script asks. */
export function addCompletion(program: Command, { secrets, services }: KnownNames): void {
  const root = tab(program, { completionCommandName: 'completion' });
  program.commands
    .find((command) => command.name() === 'completion')
    ?.description("prints a shell's completion script");
  const offered = { secret: secrets, service: services } as const;
  for (const name of ['secret', 'service'] as const) {
    const argument = root.commands.get(name)?.arguments.get('name');
    if (argument !== undefined) argument.handler = offer(offered[name]);
  }
  const code = root.commands.get('explain')?.arguments.get('code');
  if (code !== undefined) code.handler = offer(problemCodes);
  for (const name of ['rotate', 'plan']) {
    const command = root.commands.get(name);
    const secret = command?.arguments.get('secret');
    const service = command?.options.get('service');
    if (secret !== undefined) secret.handler = offer(secrets);
    if (service !== undefined) service.handler = offer(services);
  }
}

/** Whether these arguments, of a script's question, are completed with names of the plugin. */
export function wantsNames(args: readonly string[]): boolean {
  return args[0] === 'complete' && args.some((arg) => ['rotate', 'plan', 'secret', 'service'].includes(arg));
}

/** The names, or none where the plugin does not answer: a shell is no place for its errors. */
export async function knownNames(client: PluginClient): Promise<KnownNames> {
  try {
    const [{ document: secrets }, { document: services }] = await Promise.all([client.secrets(), client.services()]);
    return {
      secrets: secrets.secrets.map(nameOf).filter(isPlain),
      services: services.services.map(nameOf).filter(isPlain),
    };
  } catch {
    return { secrets: [], services: [] };
  }
}

function offer(names: readonly string[]): (complete: Complete) => void {
  return (complete) => {
    for (const name of names) complete(name, '');
  };
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

/** Swarm's own names are plain; another would be read by the shell as something else. */
function isPlain(name: string): boolean {
  return /^[\w.-]+$/.test(name);
}
