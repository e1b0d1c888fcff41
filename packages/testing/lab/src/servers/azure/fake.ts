import { randomUUID } from 'node:crypto';
import { Denials } from '../denials.ts';
import { type FakeReply, type FakeRequest, type FakeServer, startFakeServer } from '../fake-server.ts';
import { azureError, FakeKeyVault } from './fake-vault.ts';

const TOKEN_SECONDS = 3_600;

/** The ids and the secret that the fake's service principal has. */
export const azurePrincipal = {
  tenantId: '11111111-1111-4111-8111-111111111111',
  clientId: '22222222-2222-4222-8222-222222222222',
  clientSecret: 'only-for-tests',
} as const;

/**
 * A fake of one Azure key vault, of Entra ID and of the metadata service of machines, all at one address. It follows
 * their documentation. The operations of {@link FakeServer.disturb} are `read`, `list`, `deleted` and `login`.
 */
export interface AzureFake extends FakeServer {
  readonly vault: FakeKeyVault;
  /** The forms and queries of all token requests, for assertions. */
  readonly logins: readonly URLSearchParams[];
  /** Accepts only this client secret from now on, and rejects all tokens so far. */
  accept(clientSecret: string): void;
  /** Denies an operation, for one secret or for all. The returned function ends it. */
  deny(operation: 'read' | 'list' | 'deleted', name?: string): () => void;
}

/** Starts a fake on a free port of 127.0.0.1, in this process. */
export async function startAzureFake(): Promise<AzureFake> {
  const vault = new FakeKeyVault();
  const tokens = new Set<string>();
  const logins: URLSearchParams[] = [];
  const denials = new Denials<'read' | 'list' | 'deleted'>();
  let accepted: string = azurePrincipal.clientSecret;

  const token = (): FakeReply => {
    const access_token = randomUUID();
    tokens.add(access_token);
    return { status: 200, body: { token_type: 'Bearer', expires_in: TOKEN_SECONDS, access_token } };
  };

  const logIn = ({ method, url, headers, body }: FakeRequest): FakeReply => {
    const isMachine = url.pathname === '/metadata/identity/oauth2/token';
    const form = isMachine ? url.searchParams : new URLSearchParams(body);
    logins.push(form);
    if (isMachine) {
      return headers.metadata === 'true' && method === 'GET'
        ? token()
        : {
            status: 400,
            body: { error: 'invalid_request', error_description: 'Required metadata header not specified' },
          };
    }
    const secret = form.get('client_secret');
    if (secret === null ? form.has('client_assertion') : secret === accepted) return token();
    const description = 'AADSTS7000215: Invalid client secret provided.';
    const error = { error: 'invalid_client', error_description: description, error_codes: [7_000_215] };
    return { status: 401, body: error };
  };

  const operationOf = ({ url }: FakeRequest): string => {
    if (url.pathname.endsWith('/token')) return 'login';
    if (url.pathname.startsWith('/deletedsecrets/')) return 'deleted';
    return url.pathname === '/secrets' ? 'list' : 'read';
  };

  const server = await startFakeServer({
    operationOf,
    answer(request) {
      const operation = operationOf(request);
      if (operation === 'login') return logIn(request);
      const { authorization = '' } = request.headers;
      if (!tokens.has(authorization.replace(/^Bearer /, ''))) {
        return azureError(401, 'Unauthorized', 'AKV10032: Invalid issuer.');
      }
      const name = request.url.pathname.split('/')[2];
      if (!denials.has(operation, name)) return vault.get(request.url);
      return azureError(403, 'Forbidden', 'Caller is not authorized to perform action on resource.', 'ForbiddenByRbac');
    },
  });

  return {
    ...server,
    vault,
    logins,
    accept(clientSecret) {
      accepted = clientSecret;
      tokens.clear();
    },
    deny: denials.deny,
  };
}
