import { isLosslessJsonObject, type LosslessJson } from '@vault-swarm/provider';

/** What a JSON pointer must look like: empty for the whole, else `/name/0`. */
export const JSON_POINTER = /^(\/([^~]|~[01])*)?$/;

/**
 * The value that a JSON pointer names; `undefined` if there is none.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6901
 */
export function valueAt(json: LosslessJson | undefined, pointer: string): LosslessJson | undefined {
  let value = json;
  for (const token of pointer.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(value))
      value = /^(0|[1-9]\d*)$/.test(name) ? (value as readonly LosslessJson[])[Number(name)] : undefined;
    else value = isLosslessJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}
