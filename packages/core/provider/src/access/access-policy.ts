/** One rule of the access policy: which services it is for, and what they may read. */
export interface AccessRule {
  /** Names of stacks; `null`: every service, also one of no stack. */
  readonly stacks: readonly string[] | null;
  /** Patterns of service names with `*` and `?`; `null`: every service. */
  readonly services: readonly string[] | null;
  /** Patterns of paths with `*`, `**` and `?`, by the name of the provider instance. */
  readonly grant: ReadonlyMap<string, readonly string[]>;
  /** `latest`: no pinned versions. */
  readonly versions: 'any' | 'latest';
}

/** Which service may read which secrets of which provider. */
export interface AccessPolicy {
  /** `report`: nothing is refused, and what would be refused is reported. */
  readonly mode: 'enforce' | 'report';
  /** For services that no rule is for. */
  readonly default: 'allow' | 'deny';
  readonly rules: readonly AccessRule[];
  /** The stacks that may use a provider instance, by its name. All may use an instance that is not listed. */
  readonly stacksOfProvider: ReadonlyMap<string, readonly string[]>;
}

/** Without rules, every service may read everything. */
export const ALLOW_ALL: AccessPolicy = { mode: 'enforce', default: 'allow', rules: [], stacksOfProvider: new Map() };
