import { displayMessage } from '@vault-swarm/kernel';
import type { Events } from '../events.ts';
import { type Problem, problem } from '../problem.ts';
import type { AccessGuard } from './access-guard.ts';
import type { AccessPolicy } from './access-policy.ts';

/** What the reload needs. */
export interface PolicyReloadPorts {
  /** The text with the policy now; `null` if it can't be read, or if there is none. */
  readonly read: () => string | null;
  /** The policy in a changed text, or why there is none. Also called with `null`, if the text can't be read any more. */
  readonly parse: (text: string | null) => Promise<AccessPolicy | { readonly problem: string }>;
  readonly access: AccessGuard;
  readonly events: Events;
}

/** Puts a changed access policy in force. An invalid one leaves the earlier policy in force. */
export class PolicyReload {
  readonly #ports: PolicyReloadPorts;
  #text: string | null;
  #problem: string | null = null;

  constructor(ports: PolicyReloadPorts) {
    this.#ports = ports;
    this.#text = ports.read();
  }

  /** The problem of the changed policy, if it has one. */
  problems(): readonly Problem[] {
    return this.#problem === null ? [] : [problem('POLICY_INVALID', this.#problem)];
  }

  /** Reads the text, and puts its policy in force if it has changed. */
  async check(): Promise<void> {
    const { read, parse, access, events } = this.#ports;
    const text = read();
    if (text === this.#text) return;
    this.#text = text;
    const parsed = await parse(text);
    if ('problem' in parsed) {
      this.#problem = displayMessage(parsed.problem);
      events.emit({ type: 'plugin.warning', message: `the changed access policy is not used: ${this.#problem}` });
      return;
    }
    this.#problem = null;
    access.replace(parsed);
    events.emit({ type: 'access.policy-changed', rules: parsed.rules.length, isEnforced: parsed.mode === 'enforce' });
  }
}
