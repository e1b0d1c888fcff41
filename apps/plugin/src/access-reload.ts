import { displayMessage } from '@vault-swarm/kernel';
import { type AccessGuard, type Events, type Problem, problem, type ReadFile } from '@vault-swarm/provider';
import { accessPolicyOf } from './access-policy-of.ts';
import { readConfigFile } from './config-file.ts';
import type { ConfiguredProvider } from './configured-providers.ts';

/** What the reload needs. */
export interface AccessReloadPorts {
  /** The path of `CONFIG_FILE`; `null` without one. */
  readonly path: string | null;
  readonly readFile: ReadFile;
  /** The running providers. They change only at a restart. */
  readonly providers: readonly Pick<ConfiguredProvider, 'name' | 'kind'>[];
  readonly access: AccessGuard;
  readonly events: Events;
}

/** Puts the access policy of `CONFIG_FILE` in force when the file changes. An invalid file leaves the earlier policy in force. */
export class AccessReload {
  readonly #ports: AccessReloadPorts;
  #text: string | null;
  #problem: string | null = null;

  constructor(ports: AccessReloadPorts) {
    this.#ports = ports;
    this.#text = this.#read();
  }

  /** The problem of the changed file, if it has one. */
  problems(): readonly Problem[] {
    return this.#problem === null ? [] : [problem('POLICY_INVALID', this.#problem)];
  }

  /** Reads the file, and uses its policy if the file has changed. */
  async check(): Promise<void> {
    const { path, readFile, providers, access, events } = this.#ports;
    if (path === null) return;
    const text = this.#read();
    if (text === this.#text) return;
    this.#text = text;
    const file = await readConfigFile({ CONFIG_FILE: path }, text === null ? readFile : () => text);
    const { policy, problems } = accessPolicyOf(file, providers);
    const [first, ...more] = [...file.problems, ...problems];
    if (first !== undefined) {
      const others = more.length === 0 ? '' : `, and ${more.length} more`;
      this.#problem = displayMessage(
        `CONFIG_FILE: ${first.where}${first.where === '' ? '' : ': '}${first.message}${others}`,
      );
      events.emit({ type: 'plugin.warning', message: `the changed access policy is not used: ${this.#problem}` });
      return;
    }
    this.#problem = null;
    access.replace(policy);
    events.emit({ type: 'access.policy-changed', rules: policy.rules.length, isEnforced: policy.mode === 'enforce' });
  }

  #read(): string | null {
    const { path, readFile } = this.#ports;
    if (path === null) return null;
    try {
      return readFile(path);
    } catch {
      // The check reports why it can't be read.
      return null;
    }
  }
}
