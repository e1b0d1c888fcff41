import { isThisMachine } from '@vault-swarm/provider';

/** A key of a service account. */
export interface ServiceAccountKey {
  readonly type: 'service_account';
  readonly clientEmail: string;
  readonly privateKey: string;
  readonly privateKeyId: string | undefined;
  readonly tokenUrl: string;
}

/** The login of a person, by `gcloud auth application-default login`. */
export interface AuthorizedUser {
  readonly type: 'authorized_user';
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
}

/** A token of another identity provider, which Google exchanges: workload identity federation. */
export interface ExternalAccount {
  readonly type: 'external_account';
  readonly audience: string;
  readonly subjectTokenType: string;
  readonly tokenUrl: string;
  readonly source: SubjectTokenSource;
  /** The service account that is used with the token, if any. */
  readonly impersonationUrl: string | undefined;
}

/** The use of a service account by another identity. */
interface ImpersonatedAccount {
  readonly type: 'impersonated_service_account';
  readonly source: GoogleCredentials;
  readonly impersonationUrl: string;
}

/** Where the token of another identity provider is. */
export interface SubjectTokenSource {
  readonly kind: 'file' | 'url';
  /** The path or the address. */
  readonly at: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The field of a JSON object; `undefined`: the whole text. */
  readonly field: string | undefined;
}

/** Credentials in a JSON file, as Google's tools make them. */
export type GoogleCredentials = ServiceAccountKey | AuthorizedUser | ExternalAccount | ImpersonatedAccount;

/** The result of {@link parseCredentials}. */
export type ParsedCredentials =
  | {
      readonly credentials: GoogleCredentials;
      readonly projectId: string | undefined;
      readonly files: readonly string[];
    }
  /** What is wrong, as a continuation of the variable's name. It shows nothing of the text. */
  | { readonly problem: string };

const GOOGLE_TOKENS = 'https://oauth2.googleapis.com/token';
const TYPES = 'service_account, authorized_user, external_account, impersonated_service_account';

/** Thrown for credentials that can't be used. */
class UnusableCredentials extends Error {}

/** Parses the JSON of credentials. The parser's own message may quote the text, so that it is not used. */
export function parseCredentials(text: string): ParsedCredentials {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { problem: 'must be the JSON of credentials, as Google Cloud creates it' };
  }
  try {
    const fields = new Fields(json);
    const credentials = parseByType(fields);
    return { credentials, projectId: fields.optional('project_id'), files: filesOf(credentials) };
  } catch (error) {
    if (error instanceof UnusableCredentials) return { problem: error.message };
    throw error;
  }
}

function parseByType(fields: Fields): GoogleCredentials {
  const type = fields.text('type');
  switch (type) {
    case 'service_account':
      return {
        type,
        clientEmail: fields.text('client_email'),
        privateKey: fields.text('private_key'),
        privateKeyId: fields.optional('private_key_id'),
        tokenUrl: fields.url('token_uri', GOOGLE_TOKENS),
      };
    case 'authorized_user':
      return {
        type,
        clientId: fields.text('client_id'),
        clientSecret: fields.text('client_secret'),
        refreshToken: fields.text('refresh_token'),
      };
    case 'external_account':
      return {
        type,
        audience: fields.text('audience'),
        subjectTokenType: fields.text('subject_token_type'),
        tokenUrl: fields.url('token_url'),
        source: parseSource(fields.object('credential_source')),
        impersonationUrl: fields.has('service_account_impersonation_url')
          ? fields.url('service_account_impersonation_url')
          : undefined,
      };
    case 'impersonated_service_account':
      return {
        type,
        source: parseByType(fields.object('source_credentials')),
        impersonationUrl: fields.url('service_account_impersonation_url'),
      };
    default:
      throw new UnusableCredentials(`must be credentials of a known type: ${TYPES}`);
  }
}

function parseSource(source: Fields): SubjectTokenSource {
  const format = source.has('format') ? source.object('format') : undefined;
  const isJson = format?.optional('type') === 'json';
  const field = isJson ? format.text('subject_token_field_name') : undefined;
  if (source.has('file')) return { kind: 'file', at: source.text('file'), headers: {}, field };
  if (!source.has('url') || source.has('environment_id')) {
    throw new UnusableCredentials('has a credential_source of another kind than a file or a URL; use one of these');
  }
  return {
    kind: 'url',
    at: source.url('url'),
    headers: source.has('headers') ? source.object('headers').texts() : {},
    field,
  };
}

function filesOf(credentials: GoogleCredentials): readonly string[] {
  if (credentials.type === 'impersonated_service_account') return filesOf(credentials.source);
  return credentials.type === 'external_account' && credentials.source.kind === 'file' ? [credentials.source.at] : [];
}

/** The fields of a JSON object, of which names may be shown, and values not. */
class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #where: string;

  constructor(json: unknown, where = '') {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new UnusableCredentials(`must be a JSON object${where === '' ? '' : ` in "${where}"`}`);
    }
    this.#fields = json as Readonly<Record<string, unknown>>;
    this.#where = where;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#fields, name);
  }

  optional(name: string): string | undefined {
    const value = this.has(name) ? this.#fields[name] : undefined;
    return typeof value === 'string' && value !== '' ? value : undefined;
  }

  text(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw new UnusableCredentials(`has no text as "${this.#where}${name}"`);
    return value;
  }

  object(name: string): Fields {
    return new Fields(this.#fields[name], `${this.#where}${name}.`);
  }

  /** All fields that are texts. */
  texts(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(this.#fields).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  }

  /** An address to which a credential is sent: it must be encrypted, or on this machine. */
  url(name: string, otherwise?: string): string {
    const text = this.optional(name) ?? otherwise ?? this.text(name);
    const url = URL.parse(text);
    const isNear = url !== null && (isThisMachine(url.hostname) || url.hostname === '169.254.169.254');
    if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isNear)) return text;
    throw new UnusableCredentials(`has no https address as "${this.#where}${name}"`);
  }
}
