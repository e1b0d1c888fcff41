import { abortChecks } from './checks/aborts.ts';
import { closingChecks } from './checks/closing.ts';
import { exactValueChecks } from './checks/exact-values.ts';
import { failureChecks } from './checks/failures.ts';
import { fieldChecks } from './checks/fields.ts';
import { oldRevisionChecks } from './checks/old-revisions.ts';
import { probingChecks } from './checks/probing.ts';
import { revisionChecks } from './checks/revisions.ts';
import { secrecyChecks } from './checks/secrecy.ts';
import type { ContractCheck } from './contract-check.ts';

/**
 * Which edition of the contract this is: 2 added answers that drip, empty fields, and that nothing is printed; 3 the order
 * of revisions, and revisions that probes name.
 */
export const contractVersion = 3;

/** All that a provider has to do, as data: for vitest through `describeProviderContract`, or for another runner. */
export const contractChecks: readonly ContractCheck[] = [
  ...exactValueChecks,
  ...fieldChecks,
  ...revisionChecks,
  ...oldRevisionChecks,
  ...failureChecks,
  ...secrecyChecks,
  ...abortChecks,
  ...probingChecks,
  ...closingChecks,
];
