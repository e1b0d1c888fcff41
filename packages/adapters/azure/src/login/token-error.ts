import { ProviderError } from '@vault-swarm/provider';
import { fieldAt, type RestResponse } from '@vault-swarm/rest-client';
import type { RemoteLogin } from './config.ts';

/** Advice for the usual errors of Entra ID, by the number after `AADSTS`. */
const ADVICE: Readonly<Record<number, string>> = {
  50049: 'the authority is not known; correct AZURE_AUTHORITY_HOST',
  70021: 'no federated credential of the application fits the token; correct its issuer and subject',
  90002: 'there is no such tenant; correct AZURE_TENANT_ID, or AZURE_AUTHORITY_HOST for another cloud',
  700016: 'the tenant has no such application; correct AZURE_CLIENT_ID or AZURE_TENANT_ID',
  700024: 'the assertion is out of its time; check the clock of this machine',
  700027: 'the application has no such certificate; upload it, or correct AZURE_CLIENT_CERTIFICATE_PATH',
  700213: 'no federated credential of the application fits the token; correct its issuer and subject',
  7000215: 'the client secret is wrong; set its value (not its id) as AZURE_CLIENT_SECRET',
  7000222: 'the client secret has expired; create another one',
  7000112: 'the application is disabled; enable it in Entra ID',
};

/** The error of a response to a token request; `null` for a token. It contains nothing of the response but error numbers. */
export function tokenError(response: RestResponse, login: RemoteLogin, server: string): ProviderError | null {
  const { status, retryAfterMs } = response;
  if (status === 200) return null;
  const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (status === 429) {
    return new ProviderError('RATE_LIMITED', `${server} throttles the logins`, retry);
  }
  if (login.kind === 'managed') return managedIdentityError(status, server, retry);
  const code = errorNumber(response.body);
  if (status === 400 || status === 401) {
    const advice = ADVICE[code ?? 0] ?? `check AZURE_TENANT_ID, AZURE_CLIENT_ID and the ${login.kind} login`;
    const shown = code === undefined ? '' : ` (AADSTS${code})`;
    return new ProviderError('UNAUTHENTICATED', `${server} rejects the login: ${advice}${shown}`);
  }
  return new ProviderError('UNAVAILABLE', `${server} answers a login with status ${status}`, retry);
}

function managedIdentityError(
  status: number,
  server: string,
  retry: { readonly retryAfterMs?: number },
): ProviderError {
  if (status === 400 || status === 403) {
    const advice = 'assign one, or select one of several with AZURE_CLIENT_ID';
    return new ProviderError('UNAUTHENTICATED', `${server} says that it has no such managed identity; ${advice}`);
  }
  return new ProviderError('UNAVAILABLE', `${server} answers a login with status ${status}`, retry);
}

function errorNumber(body: unknown): number | undefined {
  const codes = fieldAt(body, 'error_codes');
  const [code] = Array.isArray(codes) ? (codes as readonly unknown[]) : [];
  return typeof code === 'number' && Number.isSafeInteger(code) ? code : undefined;
}
