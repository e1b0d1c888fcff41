import type { ProviderError } from '@vault-swarm/provider';

/** One requested secret, even if several refs need it. */
export interface RequestedSecret {
  /** The name or ARN as given. */
  readonly secretId: string;
  /** The secret for messages. */
  readonly displayName: string;
  /** Whether a ref follows another staging label than `AWSCURRENT`. */
  readonly needsStages: boolean;
}

/** The state of a secret at AWS. */
export type SecretState =
  /** The version of each staging label. If `onlyCurrent`, labels other than `AWSCURRENT` may be missing. */
  | {
      readonly kind: 'found';
      readonly arn: string;
      readonly versions: ReadonlyMap<string, string>;
      readonly onlyCurrent: boolean;
      /** Whether it may be minutes old, because it comes from a list. */
      readonly mayBeOld: boolean;
    }
  | { readonly kind: 'failed'; readonly error: ProviderError };

/** States by the `secretId` of the requested secrets. */
export type SecretStates = Map<string, SecretState>;

/** Converts labels by version to the version of each staging label. */
export function versionsByStage(
  stagesByVersion: Readonly<Record<string, readonly string[] | undefined>>,
): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(stagesByVersion).flatMap(([version, stages]) =>
      (stages ?? []).map((stage) => [stage, version] as const),
    ),
  );
}
