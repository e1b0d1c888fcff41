import { type ExactJsonObject, type Payload, ProviderError, parseFields } from '@vault-swarm/provider';

/**
 * What a file holds: by its name fields (`.json`, `.yaml`, `.yml`), else bytes.
 * @throws {ProviderError} `INVALID_PAYLOAD` where the fields can't be read; the message quotes nothing of the file.
 */
export async function filePayload(path: string, bytes: Uint8Array, subject: string): Promise<Payload> {
  if (path.endsWith('.json')) {
    const fields = parseFields(textOf(bytes, subject));
    return { kind: 'fields', fields: fields ?? refuse(subject, 'it is not a JSON object') };
  }
  if (path.endsWith('.yaml') || path.endsWith('.yml')) {
    const text = textOf(bytes, subject);
    // Loaded with the first YAML file, since most folders have none.
    const { parseYamlFields } = await import('./yaml-fields.ts');
    const parsed = parseYamlFields(text);
    const fields: ExactJsonObject = 'problem' in parsed ? refuse(subject, parsed.problem) : parsed.fields;
    return { kind: 'fields', fields };
  }
  return { kind: 'bytes', bytes };
}

function textOf(bytes: Uint8Array, subject: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse(subject, 'it is not UTF-8 text');
  }
}

function refuse(subject: string, reason: string): never {
  throw new ProviderError('INVALID_PAYLOAD', `${subject}: ${reason}`);
}
