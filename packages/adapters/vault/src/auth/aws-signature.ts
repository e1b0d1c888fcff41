import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { SignatureV4 } from '@smithy/signature-v4';

/** AWS keys. */
export interface AwsIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** SHA-256 with the interface of the signer. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    throw new Error('each one is used once');
  }
}

function bytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/** Where keys are searched. The environment is no source of what is undefined: it may be meant for another instance. */
interface IdentitySources {
  readonly profile: string | undefined;
  readonly credentialsFile: string | undefined;
  readonly configFile: string | undefined;
  readonly webIdentityTokenFile: string | undefined;
  readonly roleArn: string | undefined;
}

/** Finds the keys that AWS's own tools would find: of the profile, a web identity, the container or the machine. */
export async function findIdentity(sources: IdentitySources): Promise<AwsIdentity> {
  const { profile, credentialsFile, configFile, webIdentityTokenFile, roleArn } = sources;
  const directory = join(homedir(), '.aws');
  const filepath = credentialsFile ?? join(directory, 'credentials');
  const configFilepath = configFile ?? join(directory, 'config');
  await refuseOtherThanFiles([filepath, configFilepath, webIdentityTokenFile]);
  const find = defaultProvider({
    // With a named profile, the SDK ignores keys in the environment.
    profile: profile ?? 'default',
    filepath,
    configFilepath,
    ignoreCache: true,
    webIdentityTokenFile: webIdentityTokenFile ?? '',
    roleArn: roleArn ?? '',
    logger: SILENT,
  });
  return find();
}

/** The SDK would wait forever for the writer of a named pipe. */
async function refuseOtherThanFiles(paths: readonly (string | undefined)[]): Promise<void> {
  for (const path of paths) {
    const stats = path === undefined ? null : await stat(path).catch(() => null);
    if (stats?.isFile() === false && path !== '/dev/null') throw new Error('a file with keys is not a regular file');
  }
}

const silent = () => {};
const SILENT = { debug: silent, info: silent, warn: silent, error: silent, trace: silent };

/** The request to AWS; its response names the signer. */
const BODY = 'Action=GetCallerIdentity&Version=2011-06-15';

/**
 * Signs a request "who am I?" to AWS and returns it as the fields of a login at Vault.
 *
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
export async function signCallerIdentity(
  identity: AwsIdentity,
  { region, serverId }: { readonly region: string; readonly serverId: string | undefined },
): Promise<Readonly<Record<string, string>>> {
  const hostname = hostOf(region);
  const signer = new SignatureV4({
    service: 'sts',
    region,
    credentials: identity,
    sha256: Sha256,
    applyChecksum: true,
  });
  const { headers } = await signer.sign({
    method: 'POST',
    protocol: 'https:',
    hostname,
    path: '/',
    body: BODY,
    headers: {
      host: hostname,
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'content-length': String(BODY.length),
      ...(serverId === undefined ? {} : { 'x-vault-aws-iam-server-id': serverId }),
    },
  });
  const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');
  return {
    iam_http_request_method: 'POST',
    iam_request_url: base64(`https://${hostname}/`),
    iam_request_body: base64(BODY),
    iam_request_headers: base64(JSON.stringify(headers)),
  };
}

/** Vault's default is the global endpoint, which accepts only signatures for us-east-1. */
function hostOf(region: string): string {
  if (region === 'us-east-1') return 'sts.amazonaws.com';
  return `sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}
