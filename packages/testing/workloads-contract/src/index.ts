export { describeWorkloadsContract, type WorkloadsHarness } from './describe-workloads-contract.ts';
