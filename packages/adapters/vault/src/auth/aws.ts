import { homedir } from 'node:os';
import { join } from 'node:path';
import { quoted } from '@vault-swarm/kernel';
import { type Credential, type Environment, ONE_LINE, ProviderError, VISIBLE_ASCII } from '@vault-swarm/provider';
import { encodePath } from '../paths.ts';
import { type AuthMethod, LOGIN_DEADLINE_MS, type LoginAttempt, loginWith, readCredential } from './method.ts';
import { type AuthSettings, parseAuthMount } from './settings.ts';

/** Configured AWS keys, instead of those of the machine or its role. */
interface AwsKeys {
  readonly accessKeyId: Credential;
  readonly secretAccessKey: Credential;
  readonly sessionToken: Credential | undefined;
}

/** A login with an AWS identity: a signed request that Vault sends to AWS. */
export interface AwsConfig {
  readonly method: 'aws';
  readonly mount: string;
  /** Undefined: the role with the name of the identity. */
  readonly role: string | undefined;
  readonly region: string;
  /**
   * The value of Vault's `iam_server_id_header_value`, so that a login for another Vault can't be used for this one.
   */
  readonly serverId: string | undefined;
  /** Undefined: the keys that AWS's own tools find in these files or on this machine. */
  readonly keys: AwsKeys | undefined;
  readonly profile: string | undefined;
  readonly credentialsFile: string | undefined;
  readonly configFile: string | undefined;
  readonly webIdentityTokenFile: string | undefined;
  readonly roleArn: string | undefined;
  /** The variable of `role`, for messages. */
  readonly roleVariable: string;
}

/**
 * Reads `VAULT_AWS_ROLE`, `VAULT_AWS_REGION`, `VAULT_AWS_SERVER_ID`, and with the names of AWS's own tools a region,
 * keys, a profile and its files, and a web identity. Reports incomplete keys.
 */
export function parseAws(settings: AuthSettings): AwsConfig {
  const { environment, variable } = settings;
  const ofAws = environment.text('AWS_REGION', 'us-east-1');
  const region = environment.text(variable('AWS_REGION'), ofAws);
  if (!/^[a-z]{2,}(-[a-z0-9]+)+$/.test(region)) {
    const name = environment.has(variable('AWS_REGION')) ? variable('AWS_REGION') : 'AWS_REGION';
    environment.report(name, `${quoted(region)} must be an AWS region, such as eu-central-1`);
  }
  const serverId = environment.formedText(variable('AWS_SERVER_ID'), VISIBLE_ASCII);
  const keys = parseKeys(settings);
  if (keys === undefined) addHomeFiles(environment);
  return {
    method: 'aws',
    mount: parseAuthMount(settings, 'aws'),
    role: environment.formedText(variable('AWS_ROLE'), ONE_LINE),
    region,
    serverId,
    keys,
    profile: environment.optional('AWS_PROFILE'),
    credentialsFile: environment.ownPath('AWS_SHARED_CREDENTIALS_FILE', 'credential'),
    configFile: environment.ownPath('AWS_CONFIG_FILE', 'file'),
    webIdentityTokenFile: environment.ownPath('AWS_WEB_IDENTITY_TOKEN_FILE', 'credential'),
    roleArn: environment.optional('AWS_ROLE_ARN'),
    roleVariable: variable('AWS_ROLE'),
  };
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

function parseKeys({ environment }: AuthSettings): AwsKeys | undefined {
  const accessKeyId = environment.credential('AWS_ACCESS_KEY_ID', VISIBLE_ASCII);
  const secretAccessKey = environment.credential('AWS_SECRET_ACCESS_KEY', VISIBLE_ASCII);
  const sessionToken = environment.credential('AWS_SESSION_TOKEN', VISIBLE_ASCII);
  const given = (name: string) => environment.has(name) || environment.has(`${name}_FILE`);
  const [id, secret] = [given('AWS_ACCESS_KEY_ID'), given('AWS_SECRET_ACCESS_KEY')];
  if (id && !secret) environment.report('AWS_SECRET_ACCESS_KEY', 'is missing; AWS_ACCESS_KEY_ID needs it');
  if (!id && (secret || given('AWS_SESSION_TOKEN'))) {
    environment.report('AWS_ACCESS_KEY_ID', 'is missing; the other AWS keys need it');
  }
  return accessKeyId === undefined || secretAccessKey === undefined
    ? undefined
    : { accessKeyId, secretAccessKey, sessionToken };
}

/**
 * Logs in at `auth/aws` with a signed `sts:GetCallerIdentity`, which Vault sends to AWS. Keys are searched again for
 * each login; AWS's libraries, which are optional peer dependencies, are loaded with the first one.
 *
 * @param load loads what needs these libraries.
 * @see https://developer.hashicorp.com/vault/docs/auth/aws#iam-auth-method
 */
export function awsAuth(
  config: AwsConfig,
  load: () => Promise<typeof import('./aws-signature.ts')> = () => import('./aws-signature.ts'),
): AuthMethod {
  const { mount, role, keys, roleVariable } = config;
  return {
    name: 'aws',
    issuesTokens: true,
    prepare(client): LoginAttempt {
      const given =
        keys === undefined
          ? undefined
          : {
              accessKeyId: readCredential(keys.accessKeyId),
              secretAccessKey: readCredential(keys.secretAccessKey),
              ...(keys.sessionToken === undefined ? {} : { sessionToken: readCredential(keys.sessionToken) }),
            };
      return {
        key: given === undefined ? '' : JSON.stringify(given),
        async login(signal) {
          const { findIdentity, signCallerIdentity } = await load().catch(explainMissing);
          const identity = given ?? (await endedBy(signal, findIdentity(config)).catch(noIdentity));
          const signed = await signCallerIdentity(identity, config);
          return loginWith(
            client,
            `auth/${encodePath(mount)}/login`,
            role === undefined ? signed : { role, ...signed },
            signal,
            {
              method: 'AWS',
              advice: `check ${roleVariable}, and which AWS identity it is bound to`,
              isRepeatable: true,
            },
          );
        },
      };
    },
  };
}

/** AWS's libraries request the machine's own addresses and ignore signals, so the wait for them is limited here. */
async function endedBy<T>(signal: AbortSignal, found: Promise<T>): Promise<T> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(LOGIN_DEADLINE_MS)]);
  const { promise, reject } = Promise.withResolvers<never>();
  over.addEventListener('abort', () => reject(over.reason), { once: true });
  return Promise.race([found, promise]);
}

/** Only this login needs AWS's libraries, so they are not installed with the adapter. */
function explainMissing(error: unknown): never {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
  throw new ProviderError(
    'UNAUTHENTICATED',
    'the AWS login needs two packages that are not installed; run npm install @aws-sdk/credential-provider-node @smithy/signature-v4',
  );
}

/** The SDK's messages name, and may quote, files and addresses of this machine. They are left out. */
function noIdentity(): never {
  throw new ProviderError(
    'UNAUTHENTICATED',
    'no AWS identity is found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role',
  );
}
