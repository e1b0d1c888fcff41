import type { ProviderError } from '@vault-swarm/provider';
import type { LeaseStatus } from '../status/lease-status.ts';
import type { LeaseProblem } from '../status/rotation-problems.ts';
import { LeaseLimitReached } from './issuing.ts';

/** What the problems of credentials follow from. */
export interface LeaseProblemFacts {
  /** By provider: why it creates no holders. */
  readonly holderProblems: ReadonlyMap<string, ProviderError>;
  /** What is wrong with the accounts; `null` if nothing is. */
  readonly accounts: string | null;
  /** The services whose latest issue failed. */
  readonly issues: readonly { readonly service: string; readonly error: ProviderError }[];
  readonly upkeep: readonly { readonly service: string; readonly operation: string; readonly message: string }[];
  /** Those whose end is nearer than a rollout takes. */
  readonly ending: readonly LeaseStatus[];
}

/** The current problems of credentials that end. A pure function. */
export function leaseProblems({ holderProblems, accounts, issues, upkeep, ending }: LeaseProblemFacts) {
  const problems: LeaseProblem[] = [...holderProblems].map(([subject, { message }]) => {
    return { code: 'LEASE_HOLDER_DENIED', subject, message, services: [] };
  });
  const add = (code: LeaseProblem['code'], service: string, message: string) =>
    problems.push({ code, subject: service, message, services: [service] });
  if (accounts !== null)
    problems.push({ code: 'LEASE_FAILING', subject: 'the accounts of leases', message: accounts, services: [] });
  for (const { service, error } of issues)
    add(error instanceof LeaseLimitReached ? 'LEASE_LIMIT_REACHED' : 'LEASE_FAILING', service, error.message);
  for (const { service, operation, message } of upkeep) add('LEASE_FAILING', service, `${operation}: ${message}`);
  for (const { service, generation, ref, provider, endsAtMs, expiresAtMs } of ending) {
    const atMs = Math.min(endsAtMs ?? Number.POSITIVE_INFINITY, expiresAtMs ?? Number.POSITIVE_INFINITY);
    const end = new Date(atMs).toISOString();
    add(
      'LEASE_ENDING_SOON',
      service,
      `the credential of generation ${generation} from ${ref ?? provider} ends at ${end}`,
    );
  }
  return problems;
}
