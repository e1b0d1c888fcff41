import type { DeliveryErrorCode } from './provider-error.ts';
import type { Labels, RotateMode } from './secret-labels.ts';
import type { CallOptions } from './secret-provider.ts';
import type { Encoding } from './secret-ref.ts';

/** A secret as its labels describe it. It need not exist. */
export interface SecretToCheck {
  readonly name: string;
  readonly labels: Labels;
  /** The service that would use it; `undefined` if none is known. */
  readonly service: string | undefined;
  /** The deployment of the service, such as a stack. */
  readonly stack: string | undefined;
}

/** What a request for a secret would come to. Never contains a value. */
export interface CheckedSecret {
  /** The location of the value, for people; `null` if the labels are wrong. */
  readonly ref: string | null;
  readonly provider: string | null;
  readonly rotate: RotateMode | null;
  readonly encoding: Encoding | null;
  readonly isPinned: boolean;
  /** Why no value would be delivered; `null` if nothing speaks against it. */
  readonly problem: { readonly code: DeliveryErrorCode; readonly message: string } | null;
  /** What the access policy would deny if it was enforced; `null` if it grants it. */
  readonly reportedDenial: string | null;
  /**
   * `read`: the provider was asked for the value. `not-asked`: the caller did not want that, or something before it
   * speaks against it. `issues`: the location issues credentials, and none was issued.
   */
  readonly source: 'read' | 'not-asked' | 'issues';
  /** The revision that would be delivered. */
  readonly revision: string | null;
  /** The names of the secret's fields; `null` if they are not known, or it has none. */
  readonly fields: readonly string[] | null;
}

/** How a secret is checked. */
export interface CheckOptions extends CallOptions {
  /** Whether the provider is asked. Without it, only the labels and the access policy are checked. */
  readonly asksProvider: boolean;
}

/** Checks secrets before they are created. */
export interface ChecksSecrets {
  /** What a request for the secret would come to. Rejects only with the signal's reason. */
  check(secret: SecretToCheck, options: CheckOptions): Promise<CheckedSecret>;
}
