export {
  createDockerConnection,
  type DockerCall,
  type DockerConnection,
  type DockerConnectionOptions,
  MAX_LIST_BYTES,
} from './connection.ts';
export { DockerLeadership } from './leadership.ts';
export { ledgerKeyIds } from './ledger-signature.ts';
export { type DockerLedgerOptions, DockerLedgerStore, leaseLedgerName, ledgerName } from './ledger-store.ts';
export type { LedgerKeys } from './ledger-trust.ts';
export { DockerManagers, type DockerManagersOptions } from './managers.ts';
export { DockerOrchestrator } from './orchestrator.ts';
export { DockerChanges, type DockerChangesOptions } from './swarm-events.ts';
