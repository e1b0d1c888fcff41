/** What is published: the directories of their packages, below `packages`. */
export const published = [
  ...['core/delivery', 'core/kernel', 'core/metrics', 'core/provider', 'core/rotation'],
  ...['adapters/aws', 'adapters/azure', 'adapters/docker', 'adapters/file', 'adapters/gcp', 'adapters/http'],
  'adapters/http-source',
  ...[
    'adapters/logging',
    'adapters/prometheus',
    'adapters/rest-client',
    'adapters/rotator',
    'adapters/swarm-driver',
    'adapters/vault',
    'testing/provider-contract',
    'testing/workloads-contract',
  ],
];
