import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { FileOrder } from './packages/testing/lab/bootstrap/file-order.mjs';
import { parallelSandboxes, sandboxPool } from './packages/testing/lab/sandbox/sandbox-pool.mjs';

// Workspace packages are taken from their sources, so no build is needed before a test.
const conditions = ['@vault-swarm/source'];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } };

// What is waited for comes within milliseconds, but not on a busy machine.
const waits = { expect: { poll: { timeout: 15_000 } } };

// In a sandbox (see packages/testing/lab), each file runs in a sandbox of its own, and several do at once.
const inSandboxes = process.env.VAULT_SWARM_SANDBOX
  ? { pool: sandboxPool, maxWorkers: parallelSandboxes() }
  : { maxWorkers: availableParallelism() };

export default defineConfig({
  test: {
    // Files run in a random order; the seed that is printed gives it again.
    sequence: { sequencer: FileOrder, seed: Number(process.env.TEST_SEED) || Math.floor(Math.random() * 1e6) + 1 },
    projects: [
      {
        ...shared,
        test: {
          ...waits,
          name: 'unit',
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 1 },
          // A process runs many files: to start one, and to load the modules for each file, took most of the time. No file
          // leaves behind what it replaced.
          isolate: false,
          restoreMocks: true,
          unstubEnvs: true,
          unstubGlobals: true,
          // Far more than any takes, so that a busy machine fails none.
          testTimeout: 180_000,
          include: ['{apps,docker,packages}/**/src/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.{contract,fuzz,integration,simulation,swarm}.test.ts'],
        },
      },
      {
        ...shared,
        test: {
          ...waits,
          ...inSandboxes,
          name: 'repository',
          sequence: { groupOrder: 4 },
          include: ['.ci/*.test.ts'],
          testTimeout: 30_000,
        },
      },
      {
        ...shared,
        test: {
          ...waits,
          name: 'simulation',
          include: ['packages/testing/simulation/src/**/*.simulation.test.ts'],
          // The first test takes a minute on two free cores, and many on a busy machine.
          testTimeout: 3_600_000,
          hookTimeout: 300_000,
          maxWorkers: 1, // It has workers of its own, and processes.
          maxConcurrency: availableParallelism(),
          sequence: { groupOrder: 2 },
        },
      },
      {
        ...shared,
        test: {
          ...waits,
          name: 'fuzz',
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 3 },
          include: ['{apps,packages}/**/src/**/*.fuzz.test.ts'],
          testTimeout: 14_400_000,
        },
      },
      {
        ...shared,
        test: {
          ...waits,
          ...inSandboxes,
          name: 'contract',
          sequence: { groupOrder: 4 },
          include: ['packages/**/src/**/*.contract.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 300_000,
        },
      },
      {
        ...shared,
        test: {
          ...waits,
          ...inSandboxes,
          name: 'integration',
          sequence: { groupOrder: 4 },
          include: ['{apps,docker,packages}/**/src/**/*.integration.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
      {
        ...shared,
        test: {
          ...waits,
          name: 'swarm',
          include: ['apps/plugin/src/**/*.swarm.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 300_000,
          maxWorkers: 1,
          sequence: { groupOrder: 5 },
        },
      },
    ],
  },
});
