export { describeOrchestratorContract, type WorkloadsHarness } from './describe-workloads-contract.ts';
