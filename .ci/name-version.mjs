// After `changeset version`: writes the new version wherever else the repository names its own: its package.json, the image's tag
// in files and guides (and the tag of the version after it, to which the guide upgrades), the examples' dependencies, and the changelog of the
// product, whose section "Unreleased" becomes that of the version.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const versionIn = (file) => JSON.parse(readFileSync(file, 'utf8')).version;
const nextMinor = (version) => version.replace(/\.(\d+)\.\d+$/, (_, minor) => `.${Number(minor) + 1}.0`);

const before = versionIn('package.json');
const now = versionIn('apps/plugin/package.json');
const tag = (version) => `vault-swarm-plugin:${version}`;
const LATER = '\0';
// The later version's tag is put by meanwhile: it may be the very one that this version gets.
const tags = [
  [tag(nextMinor(before)), LATER],
  [tag(before), tag(now)],
  [LATER, tag(nextMinor(now))],
];

const tracked = execFileSync('git', ['ls-files', '-z', 'apps', 'docker', 'docs', 'examples', 'packages'], {
  encoding: 'utf8',
});
for (const file of ['package.json', ...tracked.split('\0')]) {
  if (!/\.(md|yml|ts|json)$|Dockerfile$/.test(file)) continue;
  const isManifest = /^(docs\/examples\/.*)?package\.json$/.test(file);
  const renames = isManifest ? [[`": "${before}"`, `": "${now}"`]] : tags;
  const text = readFileSync(file, 'utf8');
  const renamed = renames.reduce((changed, [from, to]) => changed.replaceAll(from, to), text);
  if (renamed !== text) writeFileSync(file, renamed);
}

const changelog = readFileSync('CHANGELOG.md', 'utf8');
writeFileSync('CHANGELOG.md', changelog.replace('## Unreleased\n', `## Unreleased\n\n## ${now}\n`));
