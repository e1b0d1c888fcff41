/** The locations below a mount at which an engine has credentials. `null`: it has none of this kind. */
interface CredentialPaths {
  /** Credentials that the engine itself rotates. They have no lease: a read returns the same until the next rotation. */
  readonly staticRole: RegExp | null;
  /** Each request creates a credential. */
  readonly issue: RegExp | null;
}

const CREDS = /^creds\/[^/]+$/;
const OF_DIRECTORY: CredentialPaths = { staticRole: /^static-cred\/.+$/, issue: /^creds\/.+$/ };

/** By the type that the server reports for the mount. */
const ENGINES: Readonly<Record<string, CredentialPaths>> = {
  database: { staticRole: /^static-creds\/[^/]+$/, issue: CREDS },
  ldap: OF_DIRECTORY,
  openldap: OF_DIRECTORY,
  aws: { staticRole: null, issue: /^(creds|sts)\/[^/]+$/ },
  pki: { staticRole: null, issue: /^(issue|issuer\/[^/]+\/issue)\/[^/]+$/ },
  ssh: { staticRole: null, issue: /^(issue|creds)\/[^/]+$/ },
};

/** Engines that create no credentials for others. Their paths may return keys, tokens or settings. */
const OTHERS = /^(kv|generic|transit|totp|transform|kmip|keymgmt|identity|system|cubbyhole|token|ns_.*)$/;
const NONE: CredentialPaths = { staticRole: null, issue: null };
/** RabbitMQ, Kubernetes, Azure, Consul, Nomad and plugins. The answer must have a lease. */
const ANY: CredentialPaths = { staticRole: null, issue: CREDS };

/** Whether an engine of this type has a static role at this path below its mount. */
export function isStaticRole(type: string, path: string): boolean {
  return pathsOf(type).staticRole?.test(path) === true;
}

/** Whether an engine of this type creates a credential for each request to this path below its mount. */
export function isIssued(type: string, path: string): boolean {
  return pathsOf(type).issue?.test(path) === true;
}

/** Why the plugin does not read a path in a mount of this type. It continues "the mount X". */
export function whyNotRead(type: string, path: string, leaseLabel: string): string {
  const { staticRole } = pathsOf(type);
  const kind = displayKind(type);
  if (isIssued(type, path)) {
    return `is ${kind}, and this path creates a credential for each request; add the label ${leaseLabel}=service`;
  }
  if (staticRole !== null) return `is ${kind}, where only the credentials of roles are read; correct the path`;
  return `is ${kind}, and only key-value engines are read (kv, version 1 or 2); correct the mount`;
}

/** Why the plugin requests no credential at a path in a mount of this type. It continues "the mount X". */
export function whyNotIssued(type: string, path: string, leaseLabel: string): string {
  const { issue } = pathsOf(type);
  const kind = displayKind(type);
  if (isStaticRole(type, path)) return `is ${kind}, and a static role has no lease; remove the label ${leaseLabel}`;
  if (issue === null)
    return `is ${kind}, which issues no credentials; remove the label ${leaseLabel}, or correct the mount`;
  return `is ${kind}, and this path issues no credentials; correct the path`;
}

function displayKind(type: string): string {
  return /^[\w.-]{1,64}$/.test(type) ? `of the kind ${type}` : 'of another kind';
}

function pathsOf(type: string): CredentialPaths {
  if (Object.hasOwn(ENGINES, type)) return ENGINES[type] ?? NONE;
  return type === '' || OTHERS.test(type) ? NONE : ANY;
}
