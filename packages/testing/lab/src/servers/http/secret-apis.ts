import { createHash } from 'node:crypto';
import { type FakeReply, type FakeRequest, jsonReply } from '../fake-server.ts';

/** The store of a double: texts by a key of the API. */
export interface ApiStore {
  readonly token: string;
  /** The values, by what names one in the API. */
  readonly values: Map<string, StoredText>;
  /** The keys that the identity may not read. */
  readonly denied: Set<string>;
}

/** One value with its version. */
interface StoredText {
  readonly id: string;
  readonly version: number;
  readonly content: string | Uint8Array;
}

/** An empty store. */
export function emptyStore(token: string): ApiStore {
  return { token, values: new Map(), denied: new Set() };
}

let created = 0;

/** Writes a value, as its next version. */
export function putText({ values }: ApiStore, key: string, content: string | Uint8Array): void {
  const known = values.get(key);
  created += 1;
  values.set(key, { id: known?.id ?? `id-${created}`, version: (known?.version ?? 0) + 1, content });
}

/**
 * Infisical's "Retrieve" of one secret, version 4 of its API. The key is the secret's name.
 *
 * @see https://infisical.com/docs/api-reference/endpoints/secrets/read
 */
export function infisicalApi(store: ApiStore): (request: FakeRequest) => FakeReply {
  const refusal = (statusCode: number, error: string, message: string) =>
    jsonReply(statusCode, { reqId: 'req-1', statusCode, message, error });
  return ({ path, url: { searchParams: query }, headers }) => {
    if (headers.authorization !== `Bearer ${store.token}`) return refusal(401, 'TokenError', 'Your token has expired.');
    const [, name = ''] = /^\/api\/v4\/secrets\/([^/]+)$/.exec(path) ?? [];
    if (query.get('projectId') === null || query.get('environment') === null)
      return refusal(422, 'ValidationFailure', 'projectId: Required');
    const key = decodeURIComponent(name);
    if (store.denied.has(key)) return refusal(403, 'PermissionDenied', 'You are not allowed to read on secrets');
    const found = store.values.get(key);
    if (found === undefined) return refusal(404, 'NotFound', `Secret with name '${key}' not found`);
    const isHidden = query.get('viewSecretValue') === 'false';
    return jsonReply(200, {
      secret: {
        id: found.id,
        _id: found.id,
        workspace: query.get('projectId'),
        environment: query.get('environment'),
        version: found.version,
        type: 'shared',
        secretKey: key,
        secretValue: isHidden ? '<hidden-by-infisical>' : String(found.content),
        secretComment: '',
        secretPath: query.get('secretPath') ?? '/',
        secretValueHidden: isHidden,
        tags: [],
      },
    });
  };
}

/**
 * Doppler's "Download" of a config, with its ETag. The key is `PROJECT/CONFIG`, the content a JSON object of texts.
 *
 * @see https://docs.doppler.com/reference/secrets-download
 */
export function dopplerApi(store: ApiStore): (request: FakeRequest) => FakeReply {
  const refusal = (status: number, message: string) => jsonReply(status, { messages: [message], success: false });
  return ({ path, url: { searchParams: query }, headers }) => {
    if (headers.authorization !== `Bearer ${store.token}`) return refusal(401, 'Invalid Auth token');
    if (path !== '/v3/configs/config/secrets/download') return refusal(404, 'Not found');
    const key = `${query.get('project')}/${query.get('config')}`;
    if (store.denied.has(key)) return refusal(403, 'You do not have access to this config');
    const found = store.values.get(key);
    if (found === undefined) return refusal(404, `Could not find requested config '${query.get('config')}'`);
    const etag = `W/"${createHash('sha256').update(found.content).digest('hex').slice(0, 32)}"`;
    if (headers['if-none-match'] === etag) return { status: 304, headers: { etag } };
    return jsonReply(200, String(found.content), { etag });
  };
}

/**
 * 1Password Connect's "Get item details". The key is `VAULT/ITEM`, the content a JSON object: labels and values.
 *
 * @see https://developer.1password.com/docs/connect/api-reference
 */
export function onePasswordApi(store: ApiStore): (request: FakeRequest) => FakeReply {
  const refusal = (status: number, message: string) => jsonReply(status, { status, message });
  return ({ path, headers }) => {
    if (headers.authorization !== `Bearer ${store.token}`) return refusal(401, 'Invalid token signature');
    const [, vault = '', item = ''] = /^\/v1\/vaults\/([\da-z]{26})\/items\/([\da-z]{26})$/.exec(path) ?? [];
    const key = `${vault}/${item}`;
    if (store.denied.has(key)) return refusal(403, 'vault is not in scope');
    const found = store.values.get(key);
    if (found === undefined) return refusal(404, `Item ${item} not found`);
    const fields = Object.entries(JSON.parse(String(found.content)) as Record<string, string>);
    return jsonReply(200, {
      id: item,
      title: 'database',
      version: found.version,
      vault: { id: vault },
      category: 'LOGIN',
      sections: [{ id: 'add more' }],
      fields: [
        { id: 'notesPlain', type: 'STRING', purpose: 'NOTES', label: 'notesPlain' },
        ...fields.map(([label, value]) => ({ id: label, type: 'CONCEALED', label, value })),
      ],
    });
  };
}

/**
 * Conjur's "Retrieve a secret": the body is the value. The key is the variable's id, the account is `myorg`.
 *
 * @see https://docs.cyberark.com/conjur-enterprise/latest/en/content/developer/conjur_api_retrieve_secret.htm
 */
export function conjurApi(store: ApiStore): (request: FakeRequest) => FakeReply {
  const refusal = (status: number, code: string) =>
    jsonReply(status, { error: { code, message: `CONJ00000E ${code}` } });
  return ({ path, headers }) => {
    const token = Buffer.from(store.token).toString('base64');
    if (headers.authorization !== `Token token="${token}"`) return { status: 401 };
    const [, id = ''] = /^\/secrets\/myorg\/variable\/([^/]+)$/.exec(path) ?? [];
    const key = decodeURIComponent(id);
    if (store.denied.has(key)) return refusal(403, 'forbidden');
    const found = store.values.get(key);
    if (found === undefined) return refusal(404, 'not_found');
    return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: found.content };
  };
}

/**
 * Delinea Secret Server's "Get secret". The key is the secret's number, the content a JSON object: slugs and values.
 *
 * @see https://docs.delinea.com/online-help/secret-server/api-scripting/rest-api/index.htm
 */
export function delineaApi(store: ApiStore): (request: FakeRequest) => FakeReply {
  const refusal = (status: number, errorCode: string) => jsonReply(status, { message: errorCode, errorCode });
  return ({ path, headers }) => {
    if (headers.authorization !== `Bearer ${store.token}`) return refusal(401, 'API_InvalidToken');
    const [, key = ''] = /^\/api\/v1\/secrets\/(\d+)$/.exec(path) ?? [];
    if (store.denied.has(key)) return refusal(403, 'API_AccessDenied');
    const found = store.values.get(key);
    if (found === undefined) return refusal(404, 'API_SecretNotFound');
    const items = Object.entries(JSON.parse(String(found.content)) as Record<string, string>);
    return jsonReply(200, {
      id: Number(key),
      name: 'database',
      active: true,
      items: items.map(([slug, itemValue], index) => ({
        itemId: index,
        fieldName: slug,
        slug,
        isFile: false,
        itemValue,
      })),
    });
  };
}
