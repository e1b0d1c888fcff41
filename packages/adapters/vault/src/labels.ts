import { quoted } from '@vault-swarm/kernel';
import { type LabelScheme, type Labels, ProviderError, type Target } from '@vault-swarm/provider';
import { leaseTerms } from './leases/lease-labels.ts';
import { mountProblem, pathProblem, withoutSpareSlashes } from './paths.ts';

/** A static role of the database engine or of the LDAP engine, below the engine's mount. */
const STATIC_ROLE = /^(.+?)\/(static-creds?\/.+)$/;

/** What the labels need from the instance's configuration. */
export interface VaultLabelOptions {
  /** The mount of secrets that name none, without slashes at its ends. */
  readonly mount: string;
  /** The kind, which is also the labels' prefix. */
  readonly kind?: 'vault' | 'openbao';
}

/**
 * The labels `vault_path`, `vault_mount`, `vault_field` and `vault_version` (or `openbao_…`). In a KV v2 mount
 * `secret`, the paths `app/db`, `secret/app/db`, `data/app/db` and `secret/data/app/db` are the same; in KV v1, `data`
 * is a directory. With `vault_mount`, or without a path label, the path is taken literally. Slashes at the ends are
 * ignored. The path of a static role, such as `database/static-creds/app`, starts with the mount of its engine.
 *
 * With `vault_lease=service` the path issues credentials (`leaseTerms`). Without `vault_mount` it starts with the mount.
 *
 * A target's location is `{mount, path}`, or `{mount, directory: 'data', path}` if the path started with `data`.
 */
export function vaultLabelScheme({ mount, kind = 'vault' }: VaultLabelOptions): LabelScheme {
  const named = (part: string) => `${kind}_${part}`;
  const names = { path: named('path'), mount: named('mount'), field: named('field'), version: named('version') };
  const leaseNames = { lease: named('lease'), params: named('params'), settle: named('settle') };
  return {
    kind,
    names: [...Object.values(names), ...Object.values(leaseNames)],
    target(labels: Labels, defaultPath: () => string): Target {
      const givenMount = checked(labels, names.mount, mountProblem);
      const givenPath = checked(labels, names.path, pathProblem);
      const field = labels[names.field];
      const pin = labels[names.version];
      if (field === '') throw invalid(`label "${names.field}" is empty; give it a value or remove it`);
      if (pin !== undefined && !/^[1-9]\d{0,14}$/.test(pin)) {
        throw invalid(`label "${names.version}" = ${quoted(pin)} must be a positive whole number`);
      }
      const lease = leaseTerms(labels, leaseNames);
      if (lease !== undefined) {
        if (givenPath === undefined) throw invalid(`label "${leaseNames.lease}" needs the label "${names.path}"`);
        if (pin !== undefined)
          throw invalid(`label "${names.version}" has no meaning with "${leaseNames.lease}"; remove it`);
        const location = issuingLocation(givenPath, givenMount, names);
        return { location, lease, ...(field === undefined ? {} : { field }) };
      }
      const location = locationOf(givenPath, givenMount, mount, defaultPath);
      return {
        location,
        // In KV v2, `data` is part of the API's path and not of the secret's.
        ...(location.directory === undefined ? {} : { path: `${location.mount}/${location.path}` }),
        ...(field === undefined ? {} : { field }),
        ...(pin === undefined ? {} : { pin }),
      };
    },
  };
}

type Location = Target['location'];

function locationOf(
  path: string | undefined,
  mount: string | undefined,
  otherMount: string,
  otherwise: () => string,
): Location {
  if (path === undefined) {
    const fallback = otherwise();
    check(fallback, 'the default path SERVICE/SECRET', pathProblem(fallback));
    return { mount: mount ?? otherMount, path: fallback };
  }
  if (mount !== undefined) return { mount, path };
  const below = withoutPrefix(path, `${otherMount}/`);
  const role = below === path ? STATIC_ROLE.exec(path) : null;
  if (role !== null) return inMount(role[1] ?? '', role[2] ?? '');
  const inData = withoutPrefix(below, 'data/');
  return inData === below ? { mount: otherMount, path: below } : { mount: otherMount, directory: 'data', path: inData };
}

/** A path that issues credentials is never in the mount of secrets, so without a mount its first part is the mount. */
function issuingLocation(
  path: string,
  mount: string | undefined,
  names: { readonly path: string; readonly mount: string },
): Location {
  if (mount !== undefined) return { mount, path };
  const slash = path.indexOf('/');
  if (slash < 0) {
    throw invalid(
      `label "${names.path}" = ${quoted(path)} must start with the mount, such as database/creds/app, or set "${names.mount}"`,
    );
  }
  return inMount(path.slice(0, slash), path.slice(slash + 1));
}

/** A path that starts with its mount. */
function inMount(mount: string, path: string): Location {
  check(mount, 'the mount in the path', mountProblem(mount));
  return { mount, path };
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

/** A label's value without slashes at its ends; undefined if it is not set. */
function checked(labels: Labels, name: string, problemOf: (text: string) => string | null): string | undefined {
  const given = labels[name];
  if (given === undefined) return undefined;
  const text = withoutSpareSlashes(given);
  check(given, `label "${name}"`, problemOf(text));
  return text;
}

function check(text: string, what: string, problem: string | null): void {
  if (problem !== null) throw invalid(`${what} = ${quoted(text)} ${problem}`);
}

function invalid(reason: string): ProviderError {
  return new ProviderError('INVALID_REF', reason);
}
