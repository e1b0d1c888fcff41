import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { defineConfig } from 'vitepress';
import { headingId } from './heading-id.ts';
import { fitLinks } from './links.ts';

const root = resolve(import.meta.dirname, '../../..');
const linked = new Set<string>();

const entry = (text: string, link: string) => ({ text, link });

/** The documents as they are in the repository: nothing is written for the site alone. */
export default defineConfig({
  title: 'Vault Swarm Plugin',
  description: 'Secrets of Docker Swarm from Vault and other providers, and their rotation',
  srcDir: root,
  srcExclude: ['**/node_modules/**', '**/dist/**', '.changeset/**'],
  outDir: resolve(root, 'dist/site'),
  rewrites: { 'README.md': 'index.md', ':folder(.*)/README.md': ':folder/index.md' },
  // Else it takes every file named config.ts for one of its own.
  additionalConfig: {},
  markdown: {
    languageAlias: { promql: 'txt' },
    anchor: { slugify: headingId },
    config: (markdown) => fitLinks(markdown, root, linked),
  },
  vite: {
    plugins: [
      {
        // Pages become modules that ask for it, and above them there is no node_modules that has it.
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
    // The name of a setting is one word.
    search: {
      provider: 'local',
      options: { miniSearch: { options: { tokenize: (text) => text.split(/[^\p{L}\p{N}_]+/u) } } },
    },
    outline: 'deep',
    sidebar: [
      {
        text: 'Use it',
        items: [
          entry('What it is', '/'),
          entry('All documents', '/docs/'),
          entry('Install it', '/docs/guides/install'),
          entry('Run it', '/docs/guides/operate'),
          entry('Move to it', '/docs/guides/move'),
          entry('Vault and OpenBao', '/docs/guides/vault'),
          entry('AWS Secrets Manager', '/docs/guides/aws'),
          entry('Monitoring', '/docs/monitoring'),
          entry('Security', '/docs/security'),
          entry('How fast it is', '/docs/guides/benchmark'),
        ],
      },
      {
        text: 'Look it up',
        items: [
          entry('Environment', '/docs/reference/environment'),
          entry('Labels', '/docs/reference/labels'),
          entry('Command line', '/docs/reference/cli'),
          entry('HTTP', '/docs/reference/http'),
          entry('Errors', '/docs/reference/errors'),
        ],
      },
      {
        text: 'Build on it, and change it',
        items: [
          entry('Architecture', '/docs/architecture'),
          entry('Glossary', '/docs/glossary'),
          entry('Contribute', '/CONTRIBUTING'),
          entry('Decisions', '/docs/decisions/'),
          entry('The rotation as a library', '/packages/core/rotation/'),
          entry("A provider's contract", '/packages/testing/provider-contract/'),
          entry('A provider adapter', '/docs/examples/provider-adapter/'),
          entry('A pool of processes', '/docs/examples/process-pool/'),
          entry('The simulation', '/packages/testing/simulation/'),
          entry('The lab', '/packages/testing/lab/'),
        ],
      },
    ],
  },
});
