import type { Clock } from '@vault-swarm/kernel';
import type { HookRejection } from '../monitoring-events.ts';
import type { HookConfig, HookKind } from './hook-config.ts';
import { type HookRequest, type HookVerdict, rejected, type VerifyHook } from './hook-request.ts';
import { verifyBearer } from './kinds/bearer.ts';
import { verifyEventGrid } from './kinds/eventgrid.ts';
import { verifyGithub } from './kinds/github.ts';
import { verifyStandard } from './kinds/standard.ts';
import { SeenMessages } from './seen-messages.ts';

const VERIFIERS: Readonly<Record<HookKind, VerifyHook>> = {
  standard: verifyStandard,
  github: verifyGithub,
  bearer: verifyBearer,
  eventgrid: verifyEventGrid,
};

/** The configured hooks, and the messages that each of them has seen. */
export class Hooks {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #hooks: ReadonlyMap<string, { readonly config: HookConfig; readonly seen: SeenMessages }>;

  constructor(configs: readonly HookConfig[], clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#hooks = new Map(configs.map((config) => [config.name, { config, seen: new SeenMessages() }]));
  }

  /** The hook of this name. */
  find(name: string): HookConfig | undefined {
    return this.#hooks.get(name)?.config;
  }

  /** Verifies a request to a hook. A message that was accepted before is rejected. */
  verify(name: string, request: HookRequest): HookVerdict {
    const hook = this.#hooks.get(name);
    if (hook === undefined) return rejected('unknown-name' satisfies HookRejection);
    const { config, seen } = hook;
    const verdict = VERIFIERS[config.kind](request, config.secret.read(), this.#clock.now());
    if (verdict.kind !== 'authentic' || verdict.messageId === null) return verdict;
    return seen.add(verdict.messageId) ? verdict : rejected('replay');
  }
}
