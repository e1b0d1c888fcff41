/** The locations below a mount at which an engine has credentials. `null`: it has none of this kind. */
interface CredentialPaths {
  /** Credentials that the engine itself rotates. They have no lease: a read returns the same until the next rotation. */
  readonly staticRole: RegExp | null;
  /** Each request creates a credential. */
  readonly issue: RegExp | null;
}

/** By the type that the server reports for the mount. */
const ENGINES: Readonly<Record<string, CredentialPaths>> = {
  database: { staticRole: /^static-creds\/[^/]+$/, issue: /^creds\/[^/]+$/ },
  ldap: { staticRole: /^static-cred\/.+$/, issue: /^creds\/.+$/ },
};

const NONE: CredentialPaths = { staticRole: null, issue: null };

/** Whether an engine of this type has a static role at this path below its mount. */
export function isStaticRole(type: string, path: string): boolean {
  return pathsOf(type).staticRole?.test(path) === true;
}

/** Why the plugin does not read a path in a mount of this type. It continues "the mount X". */
export function whyNotRead(type: string, path: string, leaseLabel: string): string {
  const { staticRole, issue } = pathsOf(type);
  const kind = /^[\w.-]{1,64}$/.test(type) ? `of the kind ${type}` : 'of another kind';
  if (issue?.test(path) === true)
    return `is ${kind}, and this path creates a credential for each request; add the label ${leaseLabel}=service`;
  if (staticRole !== null) return `is ${kind}, where only the credentials of roles are read; correct the path`;
  return `is ${kind}, and only key-value engines are read (kv, version 1 or 2); correct the mount`;
}

function pathsOf(type: string): CredentialPaths {
  return Object.hasOwn(ENGINES, type) ? (ENGINES[type] ?? NONE) : NONE;
}
