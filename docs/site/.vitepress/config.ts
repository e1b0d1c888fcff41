import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { defineConfig } from 'vitepress';
import { headingId } from './heading-id.ts';
import { fitLinks } from './links.ts';

const root = resolve(import.meta.dirname, '../../..');
const linked = new Set<string>();

const entry = (text: string, link: string) => ({ text, link });

/** The site shows the repository's documents unchanged. */
export default defineConfig({
  title: 'Vault Swarm Plugin',
  description: 'Secrets of Docker Swarm from Vault and other providers, and their rotation',
  srcDir: root,
  // typedoc writes the API reference into api.
  srcExclude: ['**/node_modules/**', '**/dist/**', '.changeset/**'],
  outDir: resolve(root, 'dist/site'),
  rewrites: { 'README.md': 'index.md', ':path(.*)/README.md': ':path/index.md' },
  // Without this, VitePress reads every file named config.ts as its own configuration.
  additionalConfig: {},
  // links.ts checks that each linked file exists; VitePress takes an unknown extension for a page.
  ignoreDeadLinks: [/\.sh$/],
  markdown: {
    languageAlias: { promql: 'txt' },
    anchor: { slugify: headingId },
    config: (markdown) => fitLinks(markdown, root, linked),
  },
  vite: {
    plugins: [
      {
        // Pages become modules that import vue, and no node_modules directory above them has it.
        name: 'vue-of-pages',
        enforce: 'pre',
        resolveId(source, importer) {
          const isPages = /^vue(?:\/|$)/.test(source) && importer?.endsWith('.md');
          return isPages ? this.resolve(source, import.meta.filename) : null;
        },
      },
    ],
  },
  buildEnd: async ({ outDir }) => {
    for (const file of linked) await cp(join(root, file), join(outDir, file), { recursive: true });
  },
  themeConfig: {
    // The search treats the name of a setting as one word.
    search: {
      provider: 'local',
      options: { miniSearch: { options: { tokenize: (text) => text.split(/[^\p{L}\p{N}_]+/u) } } },
    },
    outline: 'deep',
    sidebar: [
      {
        text: 'Start',
        items: [
          entry('Overview', '/'),
          entry('Quickstart', '/docs/guides/quickstart'),
          entry('Concepts', '/docs/guides/concepts'),
          entry('Examples', '/examples/'),
          entry('FAQ', '/docs/guides/faq'),
          entry('Comparison', '/docs/guides/comparison'),
          entry('Compatibility', '/docs/guides/compatibility'),
          entry('All documents', '/docs/'),
        ],
      },
      {
        text: 'Install',
        items: [
          entry('Install', '/docs/guides/install'),
          entry('Vault and OpenBao', '/docs/guides/vault'),
          entry('AWS Secrets Manager', '/docs/guides/aws'),
          entry('Azure Key Vault', '/docs/guides/azure'),
          entry('Google Secret Manager', '/docs/guides/gcp'),
          entry('Any HTTP API', '/docs/guides/http'),
          entry('Leases', '/docs/guides/leases'),
          entry('Templates', '/docs/guides/templates'),
          entry('Access policy', '/docs/guides/access'),
          entry('Migrate', '/docs/guides/move'),
          entry('Security', '/docs/security'),
          entry('Verify a release', '/docs/guides/verify'),
        ],
      },
      {
        text: 'Operate',
        items: [
          entry('Operate', '/docs/guides/operate'),
          entry('Rotate', '/docs/guides/rotate'),
          entry('Lockdown', '/docs/guides/lockdown'),
          entry('Upgrade', '/docs/guides/upgrade'),
          entry("The ledger's key", '/docs/guides/ledger-key'),
          entry('Monitoring', '/docs/monitoring'),
          entry('Troubleshooting', '/docs/guides/troubleshooting'),
          entry('Hooks', '/docs/guides/hooks'),
          entry('Benchmarks', '/docs/guides/benchmark'),
          entry('Changelog', '/CHANGELOG'),
        ],
      },
      {
        text: 'Reference',
        items: [
          entry('Environment', '/docs/reference/environment'),
          entry('Labels', '/docs/reference/labels'),
          entry('Command line', '/docs/reference/cli'),
          entry('HTTP', '/docs/reference/http'),
          entry('OpenAPI', '/docs/reference/openapi'),
          entry('Errors', '/docs/reference/errors'),
          entry('Problem codes', '/docs/reference/problem-codes'),
          entry('Problems and states', '/docs/reference/problems'),
          entry('Docker', '/docs/reference/docker'),
        ],
      },
      {
        text: 'Develop',
        items: [
          entry('Architecture', '/docs/architecture'),
          entry('Glossary', '/docs/glossary'),
          entry('Contributing', '/CONTRIBUTING'),
          entry('Decisions', '/docs/decisions/'),
          entry('API of the packages', '/api/'),
          entry('Rotate something of your own in ten minutes', '/docs/examples/connection-pools/'),
          entry('The rotator', '/packages/adapters/rotator/'),
          entry('The rotation library', '/packages/core/rotation/'),
          entry('The provider contract', '/packages/testing/provider-contract/'),
          entry('Write a provider in an hour', '/docs/examples/provider-adapter/'),
          entry('A pool of processes', '/docs/examples/process-pool/'),
          entry('The simulation', '/packages/testing/simulation/'),
          entry('The lab', '/packages/testing/lab/'),
        ],
      },
    ],
  },
});
