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
 * The version of the contract. Version 2 added dripping responses, empty fields, and checks of printed output; version 3 the
 * order of revisions, and revisions in probes.
 */
export const contractVersion = 3;

/** All checks as data, for vitest through `describeProviderContract`, or for another runner. */
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
