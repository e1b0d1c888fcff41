import { type Payload, ProviderError, payloadOfText } from '@vault-swarm/provider';

/** The content of a version: text or bytes. */
export interface AwsValue {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: Uint8Array | undefined;
}

/**
 * The payload of a version. Text that is a JSON object has fields, as AWS's console writes them; other text and bytes
 * are delivered unchanged.
 */
export function payloadOf({ SecretString: text, SecretBinary: bytes }: AwsValue, displayName: string): Payload {
  if (text !== undefined) return payloadOfText(text);
  if (bytes !== undefined) return { kind: 'bytes', bytes };
  throw new ProviderError('INVALID_PAYLOAD', `${displayName}: it has no value`);
}
