import type { SecretRequest } from '@vault-swarm/delivery';
import { quoted } from '@vault-swarm/kernel';
import type { Labels } from '@vault-swarm/provider';

/** A body that is not a request for a secret. The message names the field, never its content. */
export class BrokenBody extends Error {
  override readonly name = 'BrokenBody';
}

/** `docker stack deploy` sets this label of a service. */
const STACK_LABEL = 'com.docker.stack.namespace';

/** Swarm's names and ids are much shorter. They appear in log lines and the event list. */
const MAX_TEXT = 1_024;

/**
 * Parses the body of a GetSecret request. Only `SecretName` is required; an empty or `null` field counts as missing,
 * and fields that we do not use are not checked.
 *
 * @throws {BrokenBody} if it is empty, not a JSON object in UTF-8, or a field has the wrong type or length.
 */
export function parseSecretRequest(body: Uint8Array): SecretRequest {
  if (body.byteLength === 0) throw new BrokenBody('the body is empty; it must be a JSON object with "SecretName"');
  const fields = parseObject(body);
  const secretName = optionalText(fields, 'SecretName');
  if (secretName === undefined) throw new BrokenBody('"SecretName" is missing');
  const serviceId = optionalText(fields, 'ServiceID');
  const serviceName = optionalText(fields, 'ServiceName');
  const taskId = optionalText(fields, 'TaskID');
  const stack = optionalText(textMap(fields, 'ServiceLabels'), STACK_LABEL);
  return {
    secretName,
    labels: textMap(fields, 'SecretLabels'),
    ...(serviceId !== undefined && { serviceId }),
    ...(serviceName !== undefined && { serviceName }),
    ...(taskId !== undefined && { taskId }),
    ...(stack !== undefined && { stack }),
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseObject(body: Uint8Array): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(utf8.decode(body));
  } catch {
    // The parser's own message would quote the body.
    throw new BrokenBody('the body is not JSON in UTF-8');
  }
  if (!isObject(parsed)) throw new BrokenBody(`the body must be a JSON object, not ${kindOf(parsed)}`);
  return parsed;
}

function optionalText(fields: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new BrokenBody(`"${name}" must be a string, not ${kindOf(value)}`);
  if (value.length > MAX_TEXT) {
    throw new BrokenBody(`"${name}" has ${value.length} characters; at most ${MAX_TEXT} are allowed`);
  }
  return value;
}

function textMap(fields: Readonly<Record<string, unknown>>, name: string): Labels {
  const value = fields[name] ?? {};
  if (!isObject(value)) throw new BrokenBody(`"${name}" must be an object of strings, not ${kindOf(value)}`);
  for (const [label, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw new BrokenBody(`${quoted(`${name}.${label}`)} must be a string, not ${kindOf(text)}`);
    }
  }
  return value as Labels;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
