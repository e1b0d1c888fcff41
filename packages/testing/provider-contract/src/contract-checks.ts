import { abortChecks } from './checks/aborts.ts';
import { closingChecks } from './checks/closing.ts';
import { exactValueChecks } from './checks/exact-values.ts';
import { failureChecks } from './checks/failures.ts';
import { fieldChecks } from './checks/fields.ts';
import { locationChecks } from './checks/locations.ts';
import { oldRevisionChecks } from './checks/old-revisions.ts';
import { probingChecks } from './checks/probing.ts';
import { readAgeChecks } from './checks/read-age.ts';
import { requestChecks } from './checks/requests.ts';
import { revisionChecks } from './checks/revisions.ts';
import { secrecyChecks } from './checks/secrecy.ts';
import type { ContractCheck } from './contract-check.ts';

/**
 * The version of the contract. Version 2 added dripping responses, empty fields, and checks of printed output; version 3 the
 * order of revisions, and revisions in probes; version 4 the suite's clock and events, held responses, disabled versions,
 * several locations and checksums.
 */
export const contractVersion = 4;

/** All checks as data, for vitest through `describeProviderContract`, or for another runner. */
export const contractChecks: readonly ContractCheck[] = [
  ...exactValueChecks,
  ...fieldChecks,
  ...revisionChecks,
  ...readAgeChecks,
  ...locationChecks,
  ...oldRevisionChecks,
  ...failureChecks,
  ...secrecyChecks,
  ...abortChecks,
  ...probingChecks,
  ...requestChecks,
  ...closingChecks,
];
