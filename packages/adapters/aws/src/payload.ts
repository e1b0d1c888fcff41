import { type Payload, ProviderError, parseFields } from '@vault-swarm/provider';

/** What AWS keeps in a version: text or bytes. */
export interface AwsValue {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: Uint8Array | undefined;
}

/** Text that is a JSON object has fields, as AWS's own console writes them; other text, and bytes, are delivered as they are. */
export function payloadOf({ SecretString: text, SecretBinary: bytes }: AwsValue, displayName: string): Payload {
  if (text !== undefined) {
    const parsed = parseFields(text);
    return 'fields' in parsed
      ? { kind: 'fields', fields: parsed.fields }
      : { kind: 'bytes', bytes: new TextEncoder().encode(text), problem: parsed.problem };
  }
  if (bytes !== undefined) return { kind: 'bytes', bytes };
  throw new ProviderError('INVALID_PAYLOAD', `${displayName}: it has no value`);
}
