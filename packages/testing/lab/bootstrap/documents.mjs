// `npm run docs:build`: builds the site of the documents in dist/site. Its tools are installed only here, not by `npm test`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectEnv, root } from './project.mjs';
import { commandStep, say } from './step.mjs';

const site = join(root, 'docs/site');

/** Builds the site, with the API of the packages from their sources. A broken link is an error. */
export async function buildDocuments() {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const args = ['--yes', packageManager, 'install', '--frozen-lockfile', '--pm-on-fail=ignore'];
  await commandStep('installing the tools of the site', 'npx', args, { cwd: site });
  const typedoc = join(site, 'node_modules/.bin/typedoc');
  await commandStep('writing the API reference', typedoc, ['--options', 'typedoc.json'], {
    cwd: site,
    env: projectEnv(),
  });
  const vitepress = join(site, 'node_modules/.bin/vitepress');
  await commandStep('building the site', vitepress, ['build', site], { cwd: site, env: projectEnv() });
  say('the site is in dist/site');
}
