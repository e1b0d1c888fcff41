import { type ParsedFields, type Payload, ProviderError, parseFields } from '@vault-swarm/provider';

/** Whether a file of this name has fields. Otherwise its bytes are the value. */
export function hasFields(path: string): boolean {
  return /\.(json|yaml|yml)$/.test(path);
}

/**
 * The payload of a file: fields if the name ends in `.json`, `.yaml` or `.yml`, else bytes.
 * @throws {ProviderError} `INVALID_PAYLOAD` if the fields can't be read. The message quotes nothing of the file.
 */
export async function filePayload(path: string, bytes: Uint8Array, subject: string): Promise<Payload> {
  if (!hasFields(path)) return { kind: 'bytes', bytes, problem: 'only .json, .yaml and .yml files have fields' };
  const text = textOf(bytes, subject);
  const parsed = path.endsWith('.json') ? parseFields(text) : await yamlFields(text);
  return { kind: 'fields', fields: 'problem' in parsed ? refuse(subject, parsed.problem) : parsed.fields };
}

/** Loaded with the first YAML file, because most directories have none. */
async function yamlFields(text: string): Promise<ParsedFields> {
  const { parseYamlFields } = await import('./yaml-fields.ts');
  return parseYamlFields(text);
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
