import { text } from 'node:stream/consumers';
import { createDockerConnection, type DockerConnection, MAX_LIST_BYTES } from '@vault-swarm/docker';
import { type DockerConfig, describeEngine, parseDockerConfig } from '@vault-swarm/docker/config';
import { type ConfigurationProblem, Environment } from '@vault-swarm/provider';
import { systemClock } from '../system-clock.ts';
import type { World } from '../world.ts';

/** What `GET /info` says. Empty fields are left out by the engine, in all of these. */
interface EngineInfo {
  readonly ServerVersion?: string;
  readonly SystemTime?: string;
  readonly Swarm?: {
    readonly LocalNodeState?: string;
    readonly ControlAvailable?: boolean;
    readonly Error?: string;
  };
}

/** A managed plugin. */
export interface ManagedPlugin {
  readonly Id?: string;
  readonly Name?: string;
  readonly Enabled?: boolean;
  readonly Config?: { readonly Interface?: { readonly Socket?: string; readonly Types?: readonly string[] | null } };
  readonly Settings?: {
    /** `NAME=value`. */
    readonly Env?: readonly string[] | null;
    readonly Mounts?: readonly { readonly Name?: string; readonly Source?: string }[] | null;
  };
}

/** A secret of the Swarm. */
export interface EngineSecret {
  readonly ID: string;
  readonly Spec?: {
    readonly Name?: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly Driver?: { readonly Name?: string; readonly Options?: Readonly<Record<string, string>> | null };
  };
}

/** How a service is updated. */
interface EngineUpdateConfig {
  readonly FailureAction?: string;
  readonly Order?: string;
}

/** A service of the Swarm. */
export interface EngineService {
  readonly Spec?: {
    readonly Name?: string;
    readonly Mode?: { readonly Replicated?: { readonly Replicas?: number }; readonly Global?: object };
    readonly UpdateConfig?: EngineUpdateConfig;
    readonly TaskTemplate?: {
      readonly RestartPolicy?: { readonly Condition?: string };
      readonly ContainerSpec?: {
        readonly Secrets?: readonly { readonly SecretID?: string }[] | null;
        readonly Mounts?: readonly { readonly Type?: string }[] | null;
      };
    };
  };
}

/** What an engine told, as far as it was asked and answered. */
export type EngineFacts =
  | { readonly kind: 'misconfigured'; readonly problems: readonly ConfigurationProblem[] }
  | { readonly kind: 'silent'; readonly address: string; readonly isDefault: boolean; readonly error: unknown }
  | {
      readonly kind: 'answered';
      readonly address: string;
      /** On this machine, so that what the engine sees can be checked. */
      readonly isLocal: boolean;
      readonly info: EngineInfo;
      /** Our own clock in the middle of the call for `info`, in milliseconds since 1970. */
      readonly requestedAtMs: number;
      /** Half of the time that the call took, in milliseconds. */
      readonly errorMs: number;
      readonly managed: readonly ManagedPlugin[];
      /** What only a manager tells; an error where it did not. */
      readonly swarm: SwarmFacts | { readonly error: unknown } | null;
    };

/** What a manager tells. */
export interface SwarmFacts {
  readonly secrets: readonly EngineSecret[];
  readonly services: readonly EngineService[];
}

/** Asks the engine that `DOCKER_HOST` names, only by reading calls. Never rejects. */
export async function askEngine({ env, readFile }: World): Promise<EngineFacts> {
  const environment = new Environment(env, readFile);
  const config = parseDockerConfig(environment, readFile);
  if (environment.problems.length > 0) return { kind: 'misconfigured', problems: environment.problems };
  const connection = createDockerConnection(config, { clock: systemClock });
  try {
    return await ask(config, (path) => get(connection, path));
  } catch (error) {
    return { kind: 'silent', address: describeEngine(config), isDefault: !environment.has('DOCKER_HOST'), error };
  } finally {
    connection.close();
  }
}

async function ask(config: DockerConfig, read: (path: string) => Promise<unknown>): Promise<EngineFacts> {
  const startedMs = Date.now();
  const info = (await read('/info')) as EngineInfo;
  const errorMs = (Date.now() - startedMs) / 2;
  const managed = (await read('/plugins')) as readonly ManagedPlugin[];
  const isManager = info.Swarm?.LocalNodeState === 'active' && info.Swarm.ControlAvailable === true;
  return {
    kind: 'answered',
    address: describeEngine(config),
    isLocal: config.kind === 'unix',
    info,
    requestedAtMs: startedMs + errorMs,
    errorMs,
    managed,
    swarm: isManager ? await askSwarm(read) : null,
  };
}

async function askSwarm(read: (path: string) => Promise<unknown>): Promise<SwarmFacts | { readonly error: unknown }> {
  try {
    const [secrets, services] = await Promise.all([read('/secrets'), read('/services')]);
    return {
      secrets: byName(secrets as readonly EngineSecret[]),
      services: byName(services as readonly EngineService[]),
    };
  } catch (error) {
    return { error };
  }
}

/** The engine lists by random ids; who reads wants to find a name. */
function byName<T extends EngineSecret | EngineService>(objects: readonly T[]): readonly T[] {
  return objects.toSorted((a, b) => (a.Spec?.Name ?? '').localeCompare(b.Spec?.Name ?? '', 'en'));
}

/** Each call has the connection's own deadline. */
async function get(connection: DockerConnection, path: string): Promise<unknown> {
  const { signal } = new AbortController();
  return JSON.parse(await connection.call({ method: 'GET', path, maxBytes: MAX_LIST_BYTES, signal }, text));
}
