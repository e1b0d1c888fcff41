import type { ProviderError } from '@vault-swarm/provider';

/** One secret that is asked about, however many refs want something of it. */
export interface RequestedSecret {
  /** The name or ARN, as it was given. */
  readonly secretId: string;
  /** It, as messages name it. */
  readonly displayName: string;
  /** Whether a ref follows another staging label than `AWSCURRENT`. */
  readonly needsStages: boolean;
}

/** What AWS says of a secret. */
export type SecretState =
  /** The version that has each staging label; where `onlyCurrent`, others than `AWSCURRENT` may be missing. */
  | {
      readonly kind: 'found';
      readonly arn: string;
      readonly versions: ReadonlyMap<string, string>;
      readonly onlyCurrent: boolean;
      /** Whether it may be minutes old: it is what a list has. */
      readonly mayBeOld: boolean;
    }
  | { readonly kind: 'failed'; readonly error: ProviderError };

/** States by the `secretId` of the secrets that were asked about. */
export type SecretStates = Map<string, SecretState>;

/** The version of each staging label, from the labels of each version. */
export function versionsByStage(
  stagesByVersion: Readonly<Record<string, readonly string[] | undefined>>,
): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(stagesByVersion).flatMap(([version, stages]) =>
      (stages ?? []).map((stage) => [stage, version] as const),
    ),
  );
}
