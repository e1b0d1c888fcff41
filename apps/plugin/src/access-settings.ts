import { displayText, quoted } from '@vault-swarm/kernel';
import type { AccessPolicy, AccessRule } from '@vault-swarm/provider';
import type { FileProblem } from './file-problem.ts';

/** The entry `access` of `CONFIG_FILE`, before its providers are known. */
export type AccessSettings = Pick<AccessPolicy, 'mode' | 'default' | 'rules'>;

/** The most rules, and the most texts of one list. */
const MAX_RULES = 1_000;
const MAX_TEXTS = 1_000;
/** The longest name or pattern, in UTF-16 code units. */
const MAX_TEXT = 500;

/** Without the entry, nothing is restricted. */
export const NO_ACCESS_SETTINGS: AccessSettings = { mode: 'enforce', default: 'allow', rules: [] };

/** Parses the entry as far as possible, and adds what is wrong to `problems`. */
export function parseAccess(given: unknown, problems: FileProblem[]): AccessSettings {
  const entry = mapOf(given);
  if (entry === null) {
    problems.push({ where: 'access', message: 'must have a default, a mode or rules' });
    return NO_ACCESS_SETTINGS;
  }
  const parser = new AccessParser(problems);
  parser.refuseOthers(entry, 'access', ['default', 'mode', 'rules']);
  return {
    mode: parser.oneOf(entry, 'access', 'mode', ['enforce', 'report']) ?? 'enforce',
    default: parser.oneOf(entry, 'access', 'default', ['allow', 'deny']) ?? 'allow',
    rules: parser.rules(entry.rules),
  };
}

/** The names of stacks in the entry `stacks` of a provider; `undefined` if there is none. */
export function parseStacks(given: unknown, where: string, problems: FileProblem[]): readonly string[] | undefined {
  return given === undefined ? undefined : new AccessParser(problems).stacks(given, `${where}.stacks`);
}

type Mapping = Readonly<Record<string, unknown>>;

function mapOf(value: unknown): Mapping | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : null;
}

class AccessParser {
  readonly #problems: FileProblem[];

  constructor(problems: FileProblem[]) {
    this.#problems = problems;
  }

  rules(given: unknown): readonly AccessRule[] {
    if (given === undefined) return [];
    if (!Array.isArray(given) || given.length > MAX_RULES) {
      this.#report('access.rules', `must be a list of at most ${MAX_RULES} rules`);
      return [];
    }
    return given.map((rule, index) => this.#rule(rule, `access.rules.${index + 1}`));
  }

  stacks(given: unknown, where: string): readonly string[] {
    return this.#texts(given, where, 'stacks, such as [shop]', (name) =>
      /[*?]/.test(name) ? 'must be the name of a stack, without * and ?' : null,
    );
  }

  oneOf<T extends string>(map: Mapping, where: string, name: string, allowed: readonly T[]): T | undefined {
    const given = map[name];
    if (given === undefined) return undefined;
    const found = allowed.find((candidate) => candidate === given);
    if (found === undefined) {
      this.#report(`${where}.${name}`, `${shown(given)} must be one of ${allowed.join(', ')}`);
    }
    return found;
  }

  refuseOthers(map: Mapping, where: string, allowed: readonly string[]): void {
    for (const key of Object.keys(map).filter((name) => !allowed.includes(name))) {
      this.#report(`${where}.${displayText(key)}`, `is not known; there are ${allowed.join(', ')}`);
    }
  }

  #rule(given: unknown, where: string): AccessRule {
    const rule = mapOf(given) ?? {};
    this.refuseOthers(rule, where, ['stacks', 'services', 'grant', 'versions']);
    const grant = mapOf(rule.grant);
    if (grant === null) {
      this.#report(
        `${where}.grant`,
        'must have a list of paths for each provider, such as {vault: ["secret/shop/**"]}',
      );
    }
    return {
      stacks: rule.stacks === undefined ? null : this.stacks(rule.stacks, `${where}.stacks`),
      services:
        rule.services === undefined
          ? null
          : this.#texts(rule.services, `${where}.services`, 'names with * and ?, such as ["shop_*"]', () => null),
      grant: new Map(
        Object.entries(grant ?? {}).map(([provider, paths]) => [
          provider,
          this.#texts(
            paths,
            `${where}.grant.${displayText(provider)}`,
            'paths, such as ["secret/shop/**"]',
            pathProblem,
          ),
        ]),
      ),
      versions: this.oneOf(rule, where, 'versions', ['any', 'latest']) ?? 'any',
    };
  }

  #texts(given: unknown, where: string, form: string, problemOf: (text: string) => string | null): readonly string[] {
    const isList = Array.isArray(given) && given.length > 0 && given.length <= MAX_TEXTS;
    if (!isList) {
      this.#report(where, `must be a list of 1 to ${MAX_TEXTS} ${form}`);
      return [];
    }
    return given.flatMap((text): readonly string[] => {
      const isText = typeof text === 'string' && text !== '' && text.length <= MAX_TEXT;
      const problem = isText ? problemOf(text) : `must be a text of 1 to ${MAX_TEXT} characters`;
      if (problem !== null) this.#report(where, `${shown(text)} ${problem}`);
      return isText ? [text] : [];
    });
  }

  #report(where: string, message: string): void {
    this.#problems.push({ where, message });
  }
}

/** Only a text is shown. */
function shown(value: unknown): string {
  return typeof value === 'string' ? quoted(value) : 'an entry';
}

function pathProblem(path: string): string | null {
  if (path.startsWith('/')) return 'must not start with a slash: a path starts with the mount or the name';
  if (path.split('/').some((part) => part === '.' || part === '..')) return 'must not have a part that is "." or ".."';
  return null;
}
