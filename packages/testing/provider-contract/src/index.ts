export type { Capabilities, Capability, Disturbance, Operations, SecretDisturbance, Trait } from './capability.ts';
export type { ContractCheck } from './contract-check.ts';
export { contractChecks, contractVersion } from './contract-checks.ts';
export { describeModuleContract } from './describe-module-contract.ts';
export { describeProviderContract, type ProviderSuite } from './describe-provider-contract.ts';
export type { AnyHarness, Harness, HarnessCore, RefOptions, StoredPayload } from './harness.ts';
export { describeLeaseContract } from './leases/describe-lease-contract.ts';
export type { LeaseHarness } from './leases/lease-harness.ts';
export { type ModuleCheck, type ModuleSuite, moduleChecks } from './module-checks.ts';
