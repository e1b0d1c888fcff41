export { type AwsFake, type AwsFakeCounts, type AwsFault, type AwsFaultRule, startAwsFake } from './aws/fake.ts';
export { type Moto, startMoto } from './aws/moto.ts';
export { boxFolder, type TempFolder, tempFolder } from './box.ts';
export { type CertificateChain, certificateChain } from './certificate-chain.ts';
export { startOnChosenEngine } from './chosen-engine.ts';
export { attachEngine, type Engine, type EngineOptions, type Machine, type OwnEngine, startEngine } from './engine.ts';
export { checkInTheEnd, type FinalExpectation, type ServiceExpectation } from './final-checks.ts';
export { type ForwardProxy, type ForwardProxyOptions, startForwardProxy } from './forward-proxy.ts';
export { freePort } from './free-port.ts';
export { everyTaskHolds, type HoldingExpectation, heldValues } from './held-values.ts';
export { importCurlImage, importImage, labImage } from './image.ts';
export {
  buildPluginImage,
  type ManagedPluginOptions,
  managedPluginFolder,
  startManagedPlugin,
} from './managed-plugin.ts';
export { type ManagerNode, type Managers, type ManagersOptions, startManagers } from './managers.ts';
export { OneManager, type OneManagerOptions } from './one-manager.ts';
export { findOpenBao } from './openbao-binary.ts';
export { type PluginOptions, type PluginProcess, type ProcessEnd, startPlugin } from './plugin-process.ts';
export { type Deeds, type LogEntry, PluginSeat, type SeatOptions } from './plugin-seat.ts';
export { type HeldSecret, PluginSwarm, type PluginSwarmOptions, type ShownService } from './plugin-swarm.ts';
export { type Prometheus, type PrometheusOptions, promtool, startPrometheus } from './prometheus.ts';
export { type SlowClients, startSlowClients } from './slow-clients.ts';
export { type StoreProbe, startStoreProbe, type WriteGap } from './store-probe.ts';
export {
  createDriverSecret,
  createService,
  type DriverSecret,
  readSecret,
  runningTasks,
  type ServiceOptions,
  type ServiceTask,
  serviceTasks,
  startSwarm,
  type UpdateConfig,
} from './swarm.ts';
export { startUnceasingClient, type UnceasingClient, type UnceasingReport } from './unceasing-client.ts';
export { driverRequest, type HttpAnswer, unixRequest } from './unix-http.ts';
export {
  startOpenBao,
  startVault,
  type Vault,
  type VaultAnswer,
  type VaultCaller,
  type VaultOptions,
} from './vault.ts';
export { findVault } from './vault-binary.ts';
export {
  type FaultMatch,
  type FaultRule,
  permissionDenied,
  type ReplicaState,
  sealed,
  startVaultProxy,
  tooManyRequests,
  type VaultFault,
  type VaultProxy,
  type VaultProxyCounts,
} from './vault-proxy.ts';
export { type WaitOptions, waitFor } from './wait-for.ts';
