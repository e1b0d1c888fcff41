import { displayText } from '@vault-swarm/kernel';
import { ProviderError, type ReadFile } from '@vault-swarm/provider';
import { type RestClient, textAt } from '@vault-swarm/rest-client';
import type { SubjectTokenSource } from './credentials.ts';
import { tokenError } from './token-error.ts';

/** What reading a token of another identity provider needs. */
interface SubjectTokenOptions {
  /** The provider instance's name. */
  readonly name: string;
  readonly rest: RestClient;
  readonly readFile: ReadFile;
}

/** Reads the token of another identity provider, from a file or an address. Rejects with a `ProviderError`. */
export async function subjectToken(
  source: SubjectTokenSource,
  options: SubjectTokenOptions,
  signal: AbortSignal,
): Promise<string> {
  const { name } = options;
  const text = source.kind === 'file' ? readToken(source, options) : await fetchToken(source, options, signal);
  const token = source.field === undefined ? text.trim() : fieldIn(text, source.field);
  if (token !== undefined && /^[\x21-\x7e]+$/.test(token)) return token;
  const what = `the credential_source of the credentials has no token`;
  throw new ProviderError('UNAUTHENTICATED', `${name}: ${what}; check what writes it, and its format`);
}

function readToken({ at }: SubjectTokenSource, { name, readFile }: SubjectTokenOptions): string {
  try {
    return readFile(at);
  } catch {
    const file = displayText(at);
    throw new ProviderError('UNAUTHENTICATED', `${name}: the file ${file} of the credentials can't be read`);
  }
}

async function fetchToken(
  { at, headers }: SubjectTokenSource,
  { name, rest }: SubjectTokenOptions,
  signal: AbortSignal,
): Promise<string> {
  const server = `${name}: ${displayText(new URL(at).host)}`;
  const { body } = await rest.send({
    ...{ server, signal, headers, url: at },
    operation: 'login',
    method: 'GET',
    isText: true,
    // It is a service of the machine, or one beside it.
    noProxy: true,
    errorOf: (response) => tokenError(response, server),
  });
  return String(body);
}

function fieldIn(text: string, field: string): string | undefined {
  try {
    return textAt(JSON.parse(text), field);
  } catch {
    // The parser's message quotes the text.
    return undefined;
  }
}
