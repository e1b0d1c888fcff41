// Which servers each test needs: those that its file and its imports start.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectEnv, root } from './project.mjs';
import { commandStep } from './step.mjs';

const starters = {
  engine: /\b(start(Engine|Swarm|Managers)|PluginSwarm)\b/,
  vault: /\b(startVault|PluginSwarm)\b/,
  openbao: /\b(startOpenBao|findOpenBao)\b/,
  emulators: /\bstart(Moto|Drongo)\b/,
  postgres: /\bstartPostgres\b/,
  prometheus: /\b(startPrometheus|promtool)\b/,
  browser: /\bstartBrowser\b/,
};

/**
 * The tests of vitest's selection `args` that can't run because a server is missing: a `file` and a `name` each.
 *
 * @param missing has a key for each thing that is missing (see servers.mjs).
 */
export async function testsThatNeed(missing, args) {
  const list = ['list', ...args, '--filesOnly', '--json']; // --json would take the next argument as a file
  const out = await commandStep('listing what is skipped', 'vitest', list, { cwd: root, env: projectEnv() });
  return JSON.parse(out).flatMap(({ file, projectName }) => {
    const text = textWithImports(file);
    const skip = Object.entries(starters).some(([what, starter]) => what in missing && starter.test(text));
    if (!skip || projectName === 'unit') return [];
    const own = readFileSync(file, 'utf8');
    const names = [...own.matchAll(/^\s*(?:it|test)(?:\.each\b.*?\))?\(\s*(['"`])(.*?)\1/gm)].map((match) => match[2]);
    return (names.length === 0 ? ['all of it'] : names).map((name) => ({ file: file.replace(root, ''), name }));
  });
}

function textWithImports(file, seen = new Set()) {
  if (seen.has(file) || !existsSync(file)) return '';
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  const imports = [...text.matchAll(/from '(\.[^']*)'/g)].map(([, path]) => join(dirname(file), path));
  return [text, ...imports.map((path) => textWithImports(path, seen))].join('\n');
}
