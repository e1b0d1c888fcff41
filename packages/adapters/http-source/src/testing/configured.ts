import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '@vault-swarm/kernel';
import { realClock } from '@vault-swarm/lab/clocks';
import { unheard } from '@vault-swarm/lab/variables';
import { Environment, type Events, type ProviderInstance } from '@vault-swarm/provider';
import { type HttpConfig, parseHttpConfig } from '../config.ts';
import { createHttpProvider } from '../provider.ts';

/** Nested settings by their paths, as an entry of CONFIG_FILE gives them. */
export type Settings = Readonly<Record<string, string>>;

const readFile = (path: string) => readFileSync(path, 'utf8');

/** The configuration, and what is wrong with the settings. */
export function parsed(settings: Settings, read: (path: string) => string = readFile) {
  const environment = new Environment(settings, read, { credentialsOnlyInFiles: true });
  const config = parseHttpConfig(environment, read);
  const problems = [
    ...environment.problems.map(({ variable, message }) => `${variable}: ${message}`),
    ...environment.unread.map((name) => `${name}: unread`),
  ];
  return { config, problems, warnings: environment.warnings, ownFiles: environment.ownFiles };
}

/** A provider named `http` with these settings; throws if they are wrong. */
export function providerOf(
  settings: Settings,
  { clock = realClock, events = unheard }: { readonly clock?: Clock; readonly events?: Events } = {},
): ProviderInstance {
  return createHttpProvider(configOf(settings), {
    name: 'http',
    clock,
    random: { next: () => 0 },
    digest: (bytes) => createHmac('sha256', 'a key').update(bytes).digest('base64url'),
    events,
  });
}

function configOf(settings: Settings): HttpConfig {
  const { config, problems } = parsed(settings);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return config;
}
