import { type LabelScheme, type Labels, ProviderError, type Target } from '@vault-swarm/provider';
import { mountProblem, pathProblem } from './paths.ts';

/** What the labels need to know of the configured instance. */
export interface VaultLabelOptions {
  /** The mount of secrets that name none, without slashes at its ends. */
  readonly mount: string;
  /** The kind, which is also the labels' prefix. */
  readonly kind?: 'vault' | 'openbao';
}

/**
 * The labels `vault_path`, `vault_mount`, `vault_field` and `vault_version` (or `openbao_…`). `app/db`, `secret/app/db`
 * and `secret/data/app/db` are one where the mount is `secret`; with `vault_mount`, and where no label gives the path,
 * the path is taken literally.
 *
 * A target's location is `{mount, path}`.
 */
export function vaultLabelScheme({ mount, kind = 'vault' }: VaultLabelOptions): LabelScheme {
  const names = { path: `${kind}_path`, mount: `${kind}_mount`, field: `${kind}_field`, version: `${kind}_version` };
  return {
    kind,
    names: Object.values(names),
    target(labels: Labels, defaultPath: () => string): Target {
      const givenPath = labels[names.path];
      const givenMount = labels[names.mount];
      const field = labels[names.field];
      const pin = labels[names.version];
      if (givenPath !== undefined) check(givenPath, `label "${names.path}"`, pathProblem);
      if (givenMount !== undefined) check(givenMount, `label "${names.mount}"`, mountProblem);
      if (field === '') throw invalid(`label "${names.field}" is empty; give it a value or remove it`);
      if (pin !== undefined && !/^[1-9]\d{0,14}$/.test(pin)) {
        throw invalid(`label "${names.version}" = ${JSON.stringify(pin)} must be a positive whole number`);
      }
      return {
        location: { mount: givenMount ?? mount, path: path(givenPath, givenMount, mount, defaultPath) },
        ...(field === undefined ? {} : { field }),
        ...(pin === undefined ? {} : { pin }),
      };
    },
  };
}

function path(given: string | undefined, literal: string | undefined, mount: string, otherwise: () => string): string {
  if (given === undefined) {
    const fallback = otherwise();
    check(fallback, 'the default path SERVICE/SECRET', pathProblem);
    return fallback;
  }
  if (literal !== undefined) return given;
  const below = withoutPrefix(given, `${mount}/`);
  return below === given ? given : withoutPrefix(below, 'data/');
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

function check(text: string, what: string, problemOf: (text: string) => string | null): void {
  const problem = problemOf(text);
  if (problem !== null) throw invalid(`${what} = ${JSON.stringify(text)} ${problem}`);
}

function invalid(reason: string): ProviderError {
  return new ProviderError('INVALID_REF', reason);
}
