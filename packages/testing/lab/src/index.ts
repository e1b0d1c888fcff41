export { type ForwardProxy, type ForwardProxyOptions, startForwardProxy } from './clients/forward-proxy.ts';
export { type LoadClient, type LoadReport, startLoadClient } from './clients/load-client.ts';
export { type SlowClients, startSlowClients } from './clients/slow-clients.ts';
export { driverRequest, type HttpAnswer, unixRequest } from './clients/unix-http.ts';
export { freePort } from './process/free-port.ts';
export { sandboxDirectory, type TempDirectory, tempDirectory } from './process/sandbox.ts';
export { type WaitOptions, waitFor } from './process/wait-for.ts';
export { type AwsFake, awsError, startAwsFake } from './servers/aws/fake.ts';
export { type Moto, startMoto } from './servers/aws/moto.ts';
export { type AzureFake, azurePrincipal, startAzureFake } from './servers/azure/fake.ts';
export { type CertificateChain, certificateChain } from './servers/certificate-chain.ts';
export { disturbanceByName, disturbanceOf } from './servers/disturbances.ts';
export {
  type FakeFault,
  type FakeFaultRule,
  type FakeReply,
  type FakeRequest,
  type FakeServer,
  jsonReply,
  startFakeServer,
} from './servers/fake-server.ts';
export { type Drongo, startDrongo } from './servers/gcp/drongo.ts';
export { GCP_FAKE_PROJECT, type GcpFake, type GcpLogin, startGcpFake } from './servers/gcp/fake.ts';
export {
  type ApiStore,
  conjurApi,
  delineaApi,
  dopplerApi,
  emptyStore,
  infisicalApi,
  onePasswordApi,
  putText,
} from './servers/http/secret-apis.ts';
export { type FailedQuery, KeptQueries } from './servers/kept-queries.ts';
export { findOpenBao } from './servers/openbao-binary.ts';
export { type KeptQuery, type Postgres, type PostgresLogin, startPostgres } from './servers/postgres.ts';
export { type Prometheus, type PrometheusOptions, promtool, startPrometheus } from './servers/prometheus.ts';
export {
  startOpenBao,
  startVault,
  type Vault,
  type VaultCaller,
  type VaultOptions,
  type VaultResponse,
} from './servers/vault.ts';
export { VaultAudit } from './servers/vault-audit.ts';
export { findVault } from './servers/vault-binary.ts';
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
} from './servers/vault-proxy.ts';
export {
  attachEngine,
  type Engine,
  type EngineOptions,
  type Machine,
  type OwnEngine,
  startEngine,
} from './swarm/engine.ts';
export { checkFinalState, type FinalExpectation, type ServiceExpectation } from './swarm/final-checks.ts';
export { importImage, importProgramImage, labImage } from './swarm/image.ts';
export { allowHolders, createCertificateRoles, createDatabaseRole, SHOP_QUERY } from './swarm/lease-engines.ts';
export { LeasedShop, type LeasedShopOptions, type LeaseTimes } from './swarm/leased-shop.ts';
export {
  buildPluginImage,
  type ManagedPluginOptions,
  managedPluginDirectory,
  startManagedPlugin,
} from './swarm/managed-plugin.ts';
export { type ManagerNode, type Managers, type ManagersOptions, startManagers } from './swarm/managers.ts';
export { OneManager, type OneManagerOptions } from './swarm/one-manager.ts';
export { type PluginOptions, type PluginProcess, type ProcessEnd, startPlugin } from './swarm/plugin-process.ts';
export { type LogEntry, type PluginActivity, PluginRunner, type PluginRunnerOptions } from './swarm/plugin-runner.ts';
export { type HeldSecret, PluginSwarm, type PluginSwarmOptions, type ShownService } from './swarm/plugin-swarm.ts';
export { type RaftWriteMonitor, startRaftWriteMonitor, type WriteGap } from './swarm/raft-write-monitor.ts';
export { RunningTasksSampler } from './swarm/running-tasks-sampler.ts';
export { startOnSelectedEngine } from './swarm/selected-engine.ts';
export { firstWrite, provokeRequests } from './swarm/storm.ts';
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
} from './swarm/swarm.ts';
export { type TaskValueExpectation, taskValues, waitForTaskValues } from './swarm/task-values.ts';
export { type TlsService, TlsServices, type TlsServicesOptions } from './swarm/tls-services.ts';
