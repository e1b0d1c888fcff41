import { quoted } from '@vault-swarm/kernel';
import {
  Credential,
  type Environment,
  isThisMachine,
  ONE_LINE,
  type ReadFile,
  VISIBLE_ASCII,
  whyUnreadable,
} from '@vault-swarm/provider';
import { isUsableCertificate } from './certificate-assertion.ts';

/** An application that is registered at Microsoft Entra ID. */
export interface AzureApplication {
  /** The address of Entra ID: `https://login.microsoftonline.com`. */
  readonly authority: string;
  readonly tenantId: string;
  readonly clientId: string;
}

/** How the plugin logs in. Files are read again for each login. */
export type AzureLogin =
  | (AzureApplication & { readonly kind: 'secret'; readonly secret: Credential })
  /** PEM of the certificate and its private key. */
  | (AzureApplication & {
      readonly kind: 'certificate';
      readonly pem: Credential;
      readonly password: Credential | undefined;
    })
  /** A token of another identity provider that Entra ID trusts. */
  | (AzureApplication & { readonly kind: 'federated'; readonly token: Credential })
  /** The identity that Azure gave the machine; `clientId` selects one if it has several. */
  | { readonly kind: 'managed'; readonly endpoint: string; readonly clientId: string | undefined }
  /** The person who logged in with `az login`, on a developer's machine. */
  | { readonly kind: 'cli'; readonly tenantId: string | undefined };

/** A login by one HTTP request. */
export type RemoteLogin = Exclude<AzureLogin, { kind: 'cli' }>;

/** The metadata service of Azure's machines. */
const METADATA_SERVICE = 'http://169.254.169.254';
/** The value of `AZURE_TOKEN_CREDENTIALS` that selects the login of `az`, as Azure's own libraries name it. */
const CLI = 'AzureCliCredential';

/**
 * Selects the login as Azure's own libraries do: a secret, a certificate, a federated token, else the machine's identity.
 * The login of `az` must be asked for, so that production never depends on it.
 */
export function parseLogin(environment: Environment, readFile: ReadFile, authority: string): AzureLogin {
  const secret = environment.credential('AZURE_CLIENT_SECRET', ONE_LINE);
  const password = environment.credential('AZURE_CLIENT_CERTIFICATE_PASSWORD');
  const pem = parseFile(environment, readFile, 'AZURE_CLIENT_CERTIFICATE_PATH');
  const token = parseFile(environment, readFile, 'AZURE_FEDERATED_TOKEN_FILE');
  const tenantId = parseId(environment, 'AZURE_TENANT_ID');
  const clientId = parseId(environment, 'AZURE_CLIENT_ID');
  const endpoint = parseMetadataService(environment);
  const isCli = environment.oneOf('AZURE_TOKEN_CREDENTIALS', ['prod', CLI], 'prod') === CLI;
  const secretVariable = environment.has('AZURE_CLIENT_SECRET_FILE')
    ? 'AZURE_CLIENT_SECRET_FILE'
    : 'AZURE_CLIENT_SECRET';
  const given = [secretVariable, 'AZURE_CLIENT_CERTIFICATE_PATH', 'AZURE_FEDERATED_TOKEN_FILE'].filter((name) =>
    environment.has(name),
  );
  if (isCli) {
    for (const other of given)
      environment.report(other, 'and AZURE_TOKEN_CREDENTIALS are two logins; remove one of them');
    return { kind: 'cli', tenantId };
  }
  const [first] = given;
  if (first === undefined) {
    if (tenantId !== undefined) {
      const advice = 'set a secret, a certificate or a token of the application, or remove it';
      environment.warn('setting-ignored', 'AZURE_TENANT_ID', `has no effect without a login: ${advice}`);
    }
    return { kind: 'managed', endpoint, clientId };
  }
  for (const other of given.slice(1)) environment.report(other, `and ${first} are two logins; remove one of them`);
  for (const [name, value] of [
    ['AZURE_TENANT_ID', tenantId],
    ['AZURE_CLIENT_ID', clientId],
  ] as const) {
    if (value === undefined && !environment.has(name)) environment.report(name, `is missing; ${first} needs it`);
  }
  if (pem !== undefined) checkCertificate(environment, pem, password);
  const application = { authority, tenantId: tenantId ?? '', clientId: clientId ?? '' };
  if (secret !== undefined) return { kind: 'secret', ...application, secret };
  if (pem !== undefined) return { kind: 'certificate', ...application, pem, password };
  if (token !== undefined) return { kind: 'federated', ...application, token };
  return { kind: 'managed', endpoint, clientId };
}

function parseId(environment: Environment, name: string): string | undefined {
  return environment.formedText(name, {
    accepts: (text) => /^[0-9A-Za-z][0-9A-Za-z.-]{0,252}$/.test(text),
    requirement: 'must be an id such as 11111111-2222-3333-4444-555555555555',
  });
}

/** A credential in a file whose variable has no `_FILE` at its end, because Azure's libraries name it so. */
function parseFile(environment: Environment, readFile: ReadFile, name: string): Credential | undefined {
  const path = environment.ownPath(name, 'credential');
  if (path === undefined) return undefined;
  const form = name === 'AZURE_FEDERATED_TOKEN_FILE' ? VISIBLE_ASCII : undefined;
  const credential = new Credential(name, () => readFile(path).trim(), form);
  try {
    readFile(path);
  } catch (error) {
    environment.report(name, `${quoted(path)} names a file that ${whyUnreadable(error)}`);
    return undefined;
  }
  const problem = credential.check();
  if (problem !== null) {
    environment.report(name, `${quoted(path)} names a file that ${problem}`);
    return undefined;
  }
  environment.addCredential({ variable: name, credential });
  return credential;
}

function checkCertificate(environment: Environment, pem: Credential, password: Credential | undefined): void {
  if (isUsableCertificate(pem.read(), password?.read())) return;
  environment.report(
    'AZURE_CLIENT_CERTIFICATE_PATH',
    'must be a PEM file with a certificate and its RSA private key; convert another format with "openssl pkcs12 -nodes"' +
      ', and give the password of an encrypted key as AZURE_CLIENT_CERTIFICATE_PASSWORD_FILE',
  );
}

function parseMetadataService(environment: Environment): string {
  const name = 'AZURE_POD_IDENTITY_AUTHORITY_HOST';
  const url = URL.parse(environment.url(name, METADATA_SERVICE));
  const isNear = url !== null && (isThisMachine(url.hostname) || url.hostname === '169.254.169.254');
  if (isNear || url?.protocol === 'https:') return url.origin;
  environment.report(name, 'must be the address of a metadata service on this machine, such as http://127.0.0.1:8080');
  return METADATA_SERVICE;
}
