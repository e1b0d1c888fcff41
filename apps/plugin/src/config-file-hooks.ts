import { type HookEntry, hookKinds } from '@vault-swarm/http/config';
import { displayText, quoted } from '@vault-swarm/kernel';
import { PROVIDER_NAME } from './provider-name.ts';

/** More than anybody needs. Each hook remembers the messages that it accepted. */
const MAX_HOOKS = 100;

const FIELDS = ['name', 'provider', 'kind', 'secret_file'] as const;

/** The JSON schema of `hooks`. */
export const hooksSchema = {
  type: 'array',
  maxItems: MAX_HOOKS,
  description: 'Addresses to which other systems post that secrets of a provider may have changed.',
  items: {
    type: 'object',
    required: FIELDS,
    additionalProperties: false,
    properties: {
      name: { type: 'string', pattern: PROVIDER_NAME.source, description: 'The end of the path /api/v1/hooks/NAME.' },
      provider: { type: 'string', description: 'The provider that is polled.' },
      kind: { enum: hookKinds, description: 'How requests are signed.' },
      secret_file: { type: 'string', description: 'The file with the secret. It is read again after a change.' },
    },
  },
};

/** Reports a problem with its place in the file. */
type Report = (where: string, message: string) => void;

/** Reads the `hooks` of the file. An entry with a wrong name stays, so that its other problems are reported too. */
export function hooksOf(given: unknown, report: Report): readonly HookEntry[] {
  if (given === undefined) return [];
  if (!Array.isArray(given) || given.length > MAX_HOOKS) {
    report('hooks', `must be a list of at most ${MAX_HOOKS} hooks, each with ${FIELDS.join(', ')}`);
    return [];
  }
  const names = new Set<string>();
  return given.flatMap((entry: unknown, index): readonly HookEntry[] => {
    const at = `hooks[${index}]`;
    const fields = entry as Readonly<Record<string, unknown>>;
    if (typeof entry !== 'object' || entry === null || FIELDS.some((field) => typeof fields[field] !== 'string')) {
      report(at, `must have ${FIELDS.join(', ')}, and nothing else`);
      return [];
    }
    for (const field of Object.keys(fields).filter((name) => !FIELDS.some((known) => known === name))) {
      report(`${at}.${displayText(field)}`, `is not known; there are ${FIELDS.join(', ')}`);
    }
    const { name, provider, kind, secret_file: secretFile } = fields as Record<(typeof FIELDS)[number], string>;
    if (!PROVIDER_NAME.test(name)) {
      report(`${at}.name`, `${quoted(name)} must be up to 64 of a–z, 0–9, "-", "_" and ".", such as vault-audit`);
    }
    if (names.has(name)) report(`${at}.name`, `${name} is the name of another hook; choose another name`);
    names.add(name);
    return [{ name, provider, kind, secretFile }];
  });
}
