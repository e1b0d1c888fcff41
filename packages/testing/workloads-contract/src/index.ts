export {
  describeOrchestratorContract,
  type RestartPolicy,
  type WorkloadsHarness,
} from './describe-workloads-contract.ts';
