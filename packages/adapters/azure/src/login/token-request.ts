import { ProviderError } from '@vault-swarm/provider';
import type { RestCall } from '@vault-swarm/rest-client';
import { certificateAssertion } from './certificate-assertion.ts';
import type { AzureApplication, AzureLogin, RemoteLogin } from './config.ts';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const METADATA_VERSION = '2018-02-01';

/** The request for a token. */
export type TokenRequest = Pick<RestCall, 'method' | 'url' | 'headers' | 'body' | 'noProxy'>;

/**
 * The request for a token for `resource`. Credentials in files are read now.
 *
 * @throws {ProviderError} `UNAUTHENTICATED` if the certificate can't be used.
 */
export function tokenRequest(login: RemoteLogin, resource: string, nowMs: number): TokenRequest {
  switch (login.kind) {
    case 'managed':
      return managedIdentityRequest(login, resource);
    case 'secret':
      return applicationRequest(login, resource, { client_secret: login.secret.read() });
    case 'federated':
      return applicationRequest(login, resource, {
        client_assertion_type: ASSERTION_TYPE,
        client_assertion: login.token.read(),
      });
    case 'certificate':
      return applicationRequest(login, resource, {
        client_assertion_type: ASSERTION_TYPE,
        client_assertion: signedAssertion(login, nowMs),
      });
  }
}

function applicationRequest(
  login: AzureApplication,
  resource: string,
  proof: Readonly<Record<string, string>>,
): TokenRequest {
  const scope = `${resource}/.default`;
  const form = { client_id: login.clientId, grant_type: 'client_credentials', scope, ...proof };
  return {
    method: 'POST',
    url: tokenEndpoint(login),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  };
}

/** @see https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token */
function managedIdentityRequest(
  { endpoint, clientId }: Extract<AzureLogin, { kind: 'managed' }>,
  resource: string,
): TokenRequest {
  const query = new URLSearchParams({ 'api-version': METADATA_VERSION, resource });
  if (clientId !== undefined) query.set('client_id', clientId);
  return {
    method: 'GET',
    url: `${endpoint}/metadata/identity/oauth2/token?${query}`,
    headers: { metadata: 'true' },
    noProxy: true,
  };
}

function signedAssertion(login: Extract<AzureLogin, { kind: 'certificate' }>, nowMs: number): string {
  try {
    const claims = { clientId: login.clientId, audience: tokenEndpoint(login), nowMs };
    return certificateAssertion(login.pem.read(), login.password?.read(), claims);
  } catch {
    const advice = 'it must be a PEM file with a certificate and its private key';
    throw new ProviderError('UNAUTHENTICATED', `${login.pem.variable}: the certificate can't be used; ${advice}`);
  }
}

function tokenEndpoint({ authority, tenantId }: AzureApplication): string {
  return `${authority}/${tenantId}/oauth2/v2.0/token`;
}
