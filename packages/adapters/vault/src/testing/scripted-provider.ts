import { ShiftedClock } from '@vault-swarm/lab/clocks';
import type { ProviderInstance } from '@vault-swarm/provider';
import { providerOf } from './configured.ts';
import {
  data,
  mount,
  notThere,
  type ScriptedAnswer,
  type ScriptedVault,
  type SeenRequest,
  startScriptedVault,
} from './scripted-vault.ts';

/** A provider and the scripted server that it asks. */
export interface ScriptedProvider {
  readonly instance: ProviderInstance;
  readonly vault: ScriptedVault;
  /** The paths below `secret/` that were asked for, in their order. */
  readonly asked: () => string[];
}

/** Answers a request, or leaves it to the defaults. */
export type Script = (request: SeenRequest) => ScriptedAnswer | undefined | Promise<ScriptedAnswer | undefined>;

/** Makes providers on scripted servers, and ends all of them together. */
export class ScriptedProviders {
  readonly #closing: (() => Promise<void>)[] = [];

  /** One with a live token on a server that answers all but the calls about token and mount by `script`. */
  async start(script: Script, clock = new ShiftedClock()): Promise<ScriptedProvider> {
    const vault = await startScriptedVault(async (request) => {
      const given = await script(request);
      if (given !== undefined) return given;
      if (request.path === 'auth/token/lookup-self') return data({ ttl: 0, renewable: false });
      return request.path.startsWith('sys/internal/ui/mounts/') ? mount('secret', '2') : notThere;
    });
    const instance = providerOf({ VAULT_ADDR: vault.address, VAULT_TOKEN: 'ours' }, clock);
    this.#closing.push(vault.close, () => instance.close());
    return {
      instance,
      vault,
      asked: () => vault.seen.map(({ path }) => path).filter((path) => path.startsWith('secret/')),
    };
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
  }
}
