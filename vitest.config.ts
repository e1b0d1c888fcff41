import { defineConfig } from 'vitest/config';

// Workspace packages are taken from their sources, so no build is needed before a test.
const conditions = ['@vault-swarm/source'];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } };

export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          // Far more than any takes, so that a busy machine fails none.
          testTimeout: 20_000,
          include: ['{apps,docker,packages}/**/src/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.{contract,fuzz,integration,simulation,swarm}.test.ts'],
        },
      },
      {
        ...shared,
        test: { name: 'house', include: ['.ci/*.test.ts'], testTimeout: 30_000 },
      },
      {
        ...shared,
        test: {
          name: 'simulation',
          include: ['packages/testing/simulation/src/**/*.simulation.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        ...shared,
        test: {
          name: 'fuzz',
          include: ['{apps,packages}/**/src/**/*.fuzz.test.ts'],
          testTimeout: 14_400_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'contract',
          include: ['packages/**/src/**/*.contract.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 300_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'integration',
          include: ['{apps,docker,packages}/**/src/**/*.integration.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        ...shared,
        test: {
          name: 'swarm',
          include: ['apps/plugin/src/**/*.swarm.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
