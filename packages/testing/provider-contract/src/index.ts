export type {
  Capabilities,
  Capability,
  Disturbance,
  Hold,
  Operations,
  OtherLocation,
  SecretDisturbance,
  Trait,
} from './capability.ts';
export type { ContractCheck } from './contract-check.ts';
export { contractChecks, contractVersion } from './contract-checks.ts';
export { describeModuleContract } from './describe-module-contract.ts';
export { describeProviderContract, type ProviderSuite } from './describe-provider-contract.ts';
export type { AnyHarness, Harness, HarnessCore, RefOptions } from './harness.ts';
export { describeLeaseContract } from './leases/describe-lease-contract.ts';
export type { LeaseHarness } from './leases/lease-harness.ts';
export { type ModuleCheck, type ModuleSuite, moduleChecks } from './module-checks.ts';
export { type StoredPayload, textOf } from './stored-payload.ts';
export type { SuiteClock } from './suite-clock.ts';
export type { RequestEvent, SuiteTools } from './suite-tools.ts';
export { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
