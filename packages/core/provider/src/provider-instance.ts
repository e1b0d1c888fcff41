import type { LeaseHolders, LeaseIssuer } from './lease-issuer.ts';
import type { ChangeHints, ChangeProbe, RevisionOrder, RevisionReader, SecretProvider } from './secret-provider.ts';

/** One configured provider, ready to use. A capability that the provider does not have is `null`. */
export interface ProviderInstance {
  /** The provider's name in labels and in the configuration, such as `vault`. */
  readonly name: string;
  readonly secrets: SecretProvider;
  readonly probe: ChangeProbe | null;
  readonly hints: ChangeHints | null;
  readonly revisions: RevisionReader | null;
  readonly order: RevisionOrder | null;
  /** Without it, no ref of this provider has {@link SecretRef.lease}. */
  readonly leases: LeaseIssuer | null;
  readonly holders: LeaseHolders | null;
  /** Closes connections, and stops timers and watches. Calls in flight are aborted. It may be called more than once. */
  close(): Promise<void>;
}

/** The parts of an instance that a provider has. */
export type InstanceParts = Pick<ProviderInstance, 'name' | 'secrets'> &
  Partial<Omit<ProviderInstance, 'name' | 'secrets'>>;

/** An instance with these parts. It lacks all other capabilities, also those that later versions add. */
export function createInstance(parts: InstanceParts): ProviderInstance {
  return {
    probe: null,
    hints: null,
    revisions: null,
    order: null,
    leases: null,
    holders: null,
    close: async () => undefined,
    ...parts,
  };
}
