import { parseYamlFields } from '@vault-swarm/file/yaml-fields';
import { displayText } from '@vault-swarm/kernel';
import { parseAccess, parseStacks } from './access-settings.ts';
import { type ConfigFile, type ProviderEntry, unreadableFile } from './config-file-entries.ts';
import { hooksOf } from './config-file-hooks.ts';
import { notificationsOf } from './config-file-notifications.ts';
import type { FileProblem } from './file-problem.ts';
import { PROVIDER_NAME } from './provider-name.ts';

/** The most levels of nested settings. */
const MAX_DEPTH = 5;
/** The most problems that are reported; a file of another kind could have thousands. */
const MAX_PROBLEMS = 50;

/** Parses the text as far as possible, with its problems. Messages contain only names from the text. */
export function parseConfigFile(text: string): ConfigFile {
  // Scalars stay text: `10s`, `0400` and `no` are settings, not a time, a number and a boolean.
  const parsed = parseYamlFields(text, 'failsafe');
  if ('problem' in parsed) return unreadableFile(parsed.problem);
  const root: Map = parsed.fields;
  const problems: FileProblem[] = [];
  const refuseOthers = (map: Map, where: string, allowed: readonly string[]) => {
    for (const key of Object.keys(map).filter((name) => !allowed.includes(name))) {
      problems.push({
        where: `${where}${displayText(key)}`,
        message: `is not known; there ${allowed.length === 1 ? 'is' : 'are'} ${allowed.join(', ')}`,
      });
    }
  };
  refuseOthers(root, '', ['providers', 'hooks', 'access', 'notifications']);
  const access = root.access === undefined ? undefined : parseAccess(root.access, problems);
  const providers = mapOf(root.providers);
  // With other parts only, the providers are those of SECRETS_PROVIDER.
  const hasProviders = root.providers !== undefined || Object.keys(root).length === 0;
  if (hasProviders && (providers === null || Object.keys(providers).length === 0)) {
    problems.push({ where: 'providers', message: 'must have a provider for each name, with its kind and settings' });
  }
  const entries = Object.entries(providers ?? {}).flatMap(([name, given]): readonly ProviderEntry[] => {
    const where = `providers.${displayText(name)}`;
    const entry = mapOf(given);
    if (!PROVIDER_NAME.test(name)) {
      problems.push({ where, message: 'must be named by up to 64 of a–z, 0–9, "-", "_" and ".", such as vault-eu' });
    }
    if (typeof entry?.kind !== 'string') {
      problems.push({ where, message: 'must have a kind, and its settings' });
      return [];
    }
    refuseOthers(entry, `${where}.`, ['kind', 'settings', 'stacks']);
    const stacks = parseStacks(entry.stacks, where, problems);
    const settings = entry.settings === undefined ? {} : mapOf(entry.settings);
    const paths: Record<string, string> = Object.create(null);
    const wrong = settings === null ? [''] : addPaths(paths, '', settings, MAX_DEPTH);
    for (const path of wrong) {
      problems.push({
        where: `${where}.settings${path === '' ? '' : `.${displayText(path)}`}`,
        message: 'must be a text, or a mapping or list of texts; quote it if it is empty, and use no "." in names',
      });
    }
    if (wrong.length > 0) return [];
    return [{ name, kind: entry.kind, settings: paths, ...(stacks === undefined ? {} : { stacks }) }];
  });
  const report = (where: string, message: string) => problems.push({ where, message });
  const hooks = hooksOf(root.hooks, report);
  const notifications = notificationsOf(root.notifications, report);
  const more = problems.length - MAX_PROBLEMS;
  const parts = { entries, hasProviders, hooks, notifications, ...(access === undefined ? {} : { access }) };
  if (more <= 0) return { ...parts, problems };
  return {
    ...parts,
    problems: [...problems.slice(0, MAX_PROBLEMS), { where: '', message: `has ${more} more problems` }],
  };
}

type Map = Readonly<Record<string, unknown>>;

function mapOf(value: unknown): Map | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Map) : null;
}

/** Adds each text of a mapping by its path. Returns the paths that are neither text nor mapping nor list. */
function addPaths(paths: Record<string, string>, prefix: string, map: object, depth: number): readonly string[] {
  return Object.entries(map).flatMap(([name, value]): readonly string[] => {
    const path = `${prefix}${name}`;
    if (name === '' || name.includes('.')) return [path];
    if (typeof value === 'string') paths[path] = value;
    else if (typeof value === 'object' && value !== null && depth > 1)
      return addPaths(paths, `${path}.`, value, depth - 1);
    else return [path];
    return [];
  });
}
