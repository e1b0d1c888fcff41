import { randomUUID } from 'node:crypto';
import { Denials } from '../denials.ts';
import { type FakeReply, type FakeRequest, type FakeServer, startFakeServer } from '../fake-server.ts';
import { FakeSecretManager, googleError } from './fake-secrets.ts';

const TOKEN_SECONDS = 3_599;

/** The project of the fake's machine. */
export const GCP_FAKE_PROJECT = 'lab-project';

/** A token request: its path, and its form or JSON. */
export interface GcpLogin {
  readonly path: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly authorization: string | undefined;
}

/**
 * A fake of Google Secret Manager, of its token services and of the metadata service of machines, all at one address. It
 * follows their documentation. The operations of {@link FakeServer.disturb} are `access`, `get`, `list` and `login`.
 */
export interface GcpFake extends FakeServer {
  readonly secrets: FakeSecretManager;
  /** The host and port, as in `GCE_METADATA_HOST`. */
  readonly host: string;
  /** All token requests. */
  readonly logins: readonly GcpLogin[];
  /** The JSON of credentials for a token of another identity provider, which is in this file. */
  federatedCredentials(tokenFile: string): string;
  /** Accepts only this token of users and of other identity providers from now on, and rejects all tokens so far. */
  accept(token: string): void;
  /** Denies an operation, for one secret (by full name) or for all. The returned function ends it. */
  deny(operation: 'access' | 'get' | 'list', name?: string): () => void;
}

/** Starts a fake on a free port of 127.0.0.1, in this process. */
export async function startGcpFake(): Promise<GcpFake> {
  const secrets = new FakeSecretManager();
  const tokens = new Set<string>();
  const logins: GcpLogin[] = [];
  const denials = new Denials<'access' | 'get' | 'list'>();
  let accepted: string | undefined;

  const token = (): string => {
    const value = randomUUID();
    tokens.add(value);
    return value;
  };

  const logIn = ({ url, headers, body }: FakeRequest): FakeReply => {
    const { authorization } = headers;
    const isJson = headers['content-type'] === 'application/json';
    const fields = isJson ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body));
    logins.push({ path: url.pathname, fields, authorization });
    if (url.pathname.startsWith('/computeMetadata/')) {
      if (headers['metadata-flavor'] !== 'Google')
        return { status: 403, body: 'Missing Metadata-Flavor:Google header.' };
      const flavor = { headers: { 'metadata-flavor': 'Google' } };
      if (url.pathname.endsWith('/project-id')) return { status: 200, body: GCP_FAKE_PROJECT, ...flavor };
      return { status: 200, body: { access_token: token(), expires_in: TOKEN_SECONDS }, ...flavor };
    }
    if (url.pathname.endsWith(':generateAccessToken')) {
      if (!tokens.has((authorization ?? '').replace(/^Bearer /, '')))
        return googleError(401, 'UNAUTHENTICATED', 'token');
      const expireTime = new Date(Date.now() + TOKEN_SECONDS * 1000).toISOString();
      return { status: 200, body: { accessToken: token(), expireTime } };
    }
    const given = fields.refresh_token ?? fields.subject_token;
    if (accepted !== undefined && given !== undefined && given !== accepted) {
      return { status: 400, body: { error: 'invalid_grant', error_description: `Token ${given} has been revoked.` } };
    }
    return { status: 200, body: { access_token: token(), expires_in: TOKEN_SECONDS, token_type: 'Bearer' } };
  };

  const operationOf = ({ url: { pathname } }: FakeRequest): string => {
    if (!/\/secrets\//.test(pathname)) return 'login';
    if (pathname.endsWith(':access')) return 'access';
    return pathname.endsWith('/versions') ? 'list' : 'get';
  };

  const server = await startFakeServer({
    operationOf,
    answer(request) {
      const operation = operationOf(request);
      if (operation === 'login') return logIn(request);
      const { authorization = '' } = request.headers;
      if (!tokens.has(authorization.replace(/^Bearer /, ''))) {
        return googleError(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.');
      }
      const path = request.url.pathname.replace(/^\/v1\//, '');
      if (!denials.has(operation, path.replace(/\/versions.*$/, '')))
        return secrets.get(path, request.url.searchParams);
      const message = `Permission 'secretmanager.versions.${operation}' denied for resource (or it may not exist).`;
      return googleError(403, 'PERMISSION_DENIED', message, 'IAM_PERMISSION_DENIED');
    },
  });

  return {
    ...server,
    secrets,
    host: server.endpoint.replace('http://', ''),
    logins,
    federatedCredentials: (tokenFile) =>
      JSON.stringify({
        type: 'external_account',
        project_id: GCP_FAKE_PROJECT,
        audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/lab/providers/lab',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: `${server.endpoint}/v1/token`,
        credential_source: { file: tokenFile },
      }),
    accept(value) {
      accepted = value;
      tokens.clear();
    },
    deny: denials.deny,
  };
}
