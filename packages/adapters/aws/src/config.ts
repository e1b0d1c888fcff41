import { homedir } from 'node:os';
import { join } from 'node:path';
import { displayText, quoted } from '@vault-swarm/kernel';
import {
  type Credential,
  type Environment,
  isThisMachine,
  type Proxies,
  parseProxies,
  VISIBLE_ASCII,
} from '@vault-swarm/provider';

/** Configured keys. They are read again for each request, so that a changed file takes effect. */
export interface AwsKeys {
  readonly accessKeyId: Credential;
  readonly secretAccessKey: Credential;
  readonly sessionToken: Credential | undefined;
}

/** A role that is assumed with a token from a file, as Kubernetes and OIDC providers write it. */
export interface AwsWebIdentity {
  readonly tokenFile: string;
  readonly roleArn: string;
  readonly sessionName: string | undefined;
}

/** The configuration of one AWS account. */
export interface AwsConfig {
  /** The region of secrets that are given by name, not by ARN; if `undefined`, that of the profile. */
  readonly region: string | undefined;
  /** Replaces AWS's address: a VPC endpoint or an emulator. */
  readonly endpoint: string | undefined;
  /** The same for the service that issues role credentials (STS). */
  readonly loginEndpoint: string | undefined;
  /** The same for the service that decrypts (KMS). */
  readonly kmsEndpoint: string | undefined;
  /** The same for all services of AWS. */
  readonly commonEndpoint: string | undefined;
  /** Whether AWS's FIPS 140 endpoints are used. */
  readonly useFips: boolean;
  /** PEM of the authorities to trust instead of Node's. */
  readonly authorities: string | undefined;
  readonly proxies: Proxies;
  /** If `undefined`, the SDK searches for credentials: files, web identity, container, instance. */
  readonly keys: AwsKeys | undefined;
  readonly profile: string | undefined;
  readonly credentialsFile: string | undefined;
  readonly configFile: string | undefined;
  readonly webIdentity: AwsWebIdentity | undefined;
  /** How many calls per hour probes may make; `undefined`: no limit. */
  readonly maxCallsPerHour: number | undefined;
}

/** Variables that AWS's own tools or swarm-external-secrets read and the plugin does not, with what to do instead. */
const UNREAD: Readonly<Record<string, string>> = {
  AWS_DEFAULT_PROFILE: 'set it as AWS_PROFILE',
  AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'remove the settings AWS_ENDPOINT_URL…',
  AWS_KMS_ENDPOINT: 'set it as AWS_ENDPOINT_URL_KMS',
  AWS_MAX_ATTEMPTS: 'a call is sent at most 3 times',
  AWS_METADATA_SERVICE_NUM_ATTEMPTS: 'the timeout for a machine identity is 8 s',
  AWS_METADATA_SERVICE_TIMEOUT: 'the timeout for a machine identity is 8 s',
  AWS_RETRY_MODE: 'how a call is retried is fixed',
  AWS_STS_REGIONAL_ENDPOINTS: "roles are assumed at the region's own address",
};

/**
 * Reads the `AWS_…` variables with the names of AWS's own tools, the proxy variables, and `AWS_MAX_CALLS_PER_HOUR`.
 * Problems are reported to `environment`, with warnings for variables of AWS's own tools that have no effect here. The
 * result is usable only if there are no problems. The file of authorities is read now.
 */
export function parseAwsConfig(environment: Environment): AwsConfig {
  for (const [name, advice] of Object.entries(UNREAD)) environment.warnUnread(name, advice);
  const keys = parseKeys(environment);
  const profile = environment.optional('AWS_PROFILE');
  const configFile = environment.ownPath('AWS_CONFIG_FILE', 'file');
  if (keys === undefined) addHomeFiles(environment);
  if (keys !== undefined && profile !== undefined) {
    environment.report('AWS_PROFILE', 'and AWS_ACCESS_KEY_ID are two identities; remove one of them');
  }
  return {
    region: parseRegion(environment, profile !== undefined || configFile !== undefined),
    endpoint: parseEndpoint(environment, 'SECRETS_MANAGER'),
    loginEndpoint: parseEndpoint(environment, 'STS'),
    kmsEndpoint: parseEndpoint(environment, 'KMS'),
    commonEndpoint: environment.optional('AWS_ENDPOINT_URL'),
    useFips: parseFips(environment),
    authorities: parseAuthorities(environment),
    proxies: parseProxies(environment),
    keys,
    profile,
    credentialsFile: environment.ownPath('AWS_SHARED_CREDENTIALS_FILE', 'credential'),
    configFile,
    webIdentity: parseWebIdentity(environment),
    maxCallsPerHour: environment.has('AWS_MAX_CALLS_PER_HOUR')
      ? environment.integer('AWS_MAX_CALLS_PER_HOUR', 1, { min: 1, max: 1_000_000_000 })
      : undefined,
  };
}

function parseKeys(environment: Environment): AwsKeys | undefined {
  const accessKeyId = environment.credential('AWS_ACCESS_KEY_ID', VISIBLE_ASCII);
  const secretAccessKey = environment.credential('AWS_SECRET_ACCESS_KEY', VISIBLE_ASCII);
  const sessionToken = environment.credential('AWS_SESSION_TOKEN', VISIBLE_ASCII);
  if (accessKeyId !== undefined && secretAccessKey !== undefined) return { accessKeyId, secretAccessKey, sessionToken };
  const given = [accessKeyId, secretAccessKey, sessionToken].find((credential) => credential !== undefined);
  if (given !== undefined) {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
      // A wrong value was reported already.
      if (isGiven(environment, name)) continue;
      environment.report(name, `is missing; ${given.variable} needs it`);
    }
  }
  return undefined;
}

/** The files in which the SDK searches by default and keeps SSO tokens. */
function addHomeFiles(environment: Environment): void {
  try {
    environment.addOwnFile({
      variable: 'AWS_SHARED_CREDENTIALS_FILE',
      path: join(homedir(), '.aws'),
      kind: 'directory',
    });
  } catch {
    // A user without a home has no files there.
  }
}

function parseRegion(environment: Environment, profileMayHaveIt: boolean): string | undefined {
  const variable = environment.has('AWS_REGION') ? 'AWS_REGION' : 'AWS_DEFAULT_REGION';
  const region = environment.optional(variable);
  if (region === undefined && !profileMayHaveIt) {
    environment.report('AWS_REGION', 'is missing; set the region of the secrets, such as eu-west-1');
  }
  if (region !== undefined && !/^[a-z]{2,}(-[a-z]+)+-\d+$/.test(region)) {
    environment.report(variable, `${quoted(region)} must be a region such as eu-west-1`);
  }
  return region;
}

/** Only AWS has FIPS endpoints: with another address, the SDK rejects each call. */
function parseFips(environment: Environment): boolean {
  const useFips = environment.boolean('AWS_USE_FIPS_ENDPOINT', false);
  const addresses = ['', '_SECRETS_MANAGER', '_STS', '_KMS'].map((service) => `AWS_ENDPOINT_URL${service}`);
  const other = addresses.find((name) => environment.has(name));
  if (useFips && other !== undefined) {
    environment.report('AWS_USE_FIPS_ENDPOINT', `can't be combined with ${other}; remove one of them`);
  }
  return useFips;
}

/** The address of one service has priority over the common one. */
function parseEndpoint(environment: Environment, service: 'SECRETS_MANAGER' | 'STS' | 'KMS'): string | undefined {
  const name = `AWS_ENDPOINT_URL_${service}`;
  const variable = environment.has(name) ? name : 'AWS_ENDPOINT_URL';
  if (!environment.has(variable)) return undefined;
  const endpoint = environment.url(variable, '');
  if (/^http:/i.test(endpoint) && !isThisMachine(URL.parse(endpoint)?.hostname ?? '')) {
    environment.warn(
      'plain-http',
      variable,
      `is ${displayText(endpoint)}: secrets cross the network without encryption; use https`,
    );
  }
  return endpoint;
}

function parseAuthorities(environment: Environment): string | undefined {
  const pem = environment.fileText('AWS_CA_BUNDLE');
  if (pem?.includes('-----BEGIN CERTIFICATE-----') === false) {
    environment.report('AWS_CA_BUNDLE', 'is a file without a PEM certificate');
  }
  return pem;
}

function parseWebIdentity(environment: Environment): AwsWebIdentity | undefined {
  const tokenFile = environment.ownPath('AWS_WEB_IDENTITY_TOKEN_FILE', 'credential');
  const roleArn = environment.optional('AWS_ROLE_ARN');
  if (tokenFile !== undefined && roleArn !== undefined) {
    return { tokenFile, roleArn, sessionName: environment.optional('AWS_ROLE_SESSION_NAME') };
  }
  if (tokenFile !== undefined) {
    environment.report('AWS_ROLE_ARN', 'is missing; AWS_WEB_IDENTITY_TOKEN_FILE needs it');
  }
  if (roleArn !== undefined) {
    environment.report('AWS_ROLE_ARN', 'needs AWS_WEB_IDENTITY_TOKEN_FILE, or must be role_arn in a profile');
  }
  return undefined;
}

function isGiven(environment: Environment, name: string): boolean {
  return environment.has(name) || environment.has(`${name}_FILE`);
}
