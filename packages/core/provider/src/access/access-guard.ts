import { displayMessage, displayText } from '@vault-swarm/kernel';
import { describeRef, type SecretRef } from '../secret-ref.ts';
import type { AccessPolicy } from './access-policy.ts';
import { decideAccess } from './decide-access.ts';
import type { SecretConsumer } from './stack-membership.ts';

/** The policy denies a service a secret. */
export interface AccessDenial {
  /** Names service and ref, what is granted, and the rule. Never a value. */
  readonly message: string;
  /** False if the policy is only reported: then the service may read the secret. */
  readonly isEnforced: boolean;
}

/** The error of a request that the access policy denies. */
export class AccessRefused extends Error {
  override readonly name = 'AccessRefused';
}

/** Checks services against the access policy in force. */
export class AccessGuard {
  #policy: AccessPolicy;
  readonly #listeners = new Set<() => void>();

  constructor(policy: AccessPolicy) {
    this.#policy = policy;
  }

  /** The policy in force. Another object after each change. */
  get policy(): AccessPolicy {
    return this.#policy;
  }

  /** Puts another policy in force. */
  replace(policy: AccessPolicy): void {
    this.#policy = policy;
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` after each change until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Why a service may not read a ref; `null` if it may. */
  check(consumer: SecretConsumer, ref: SecretRef): AccessDenial | null {
    const decision = decideAccess(this.#policy, consumer, ref);
    if (decision.kind === 'granted') return null;
    const service =
      consumer.service === undefined ? 'a service without a name' : `service ${displayText(consumer.service)}`;
    const message = displayMessage(`the access policy denies ${service} ${describeRef(ref)}: ${decision.reason}`);
    return { message, isEnforced: this.#policy.mode === 'enforce' };
  }
}
