import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { listenOn } from './listening.ts';

/** AWS's Security Token Service, as far as "who am I?" goes: it checks signatures as AWS documents them. */
export interface TokenService {
  readonly address: string;
  /** The secret keys that are valid, by their ids, and whose they are. */
  readonly keys: Map<string, { readonly secret: string; readonly arn: string }>;
  /** The session tokens that came with the questions. */
  readonly sessionTokens: (string | undefined)[];
  close(): Promise<void>;
}

/** Starts one on a port of its own. */
export async function startTokenService(): Promise<TokenService> {
  const keys: TokenService['keys'] = new Map();
  const sessionTokens: (string | undefined)[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    sessionTokens.push(header(incoming, 'x-amz-security-token') || undefined);
    const arn = signerOf(incoming, body, keys);
    if (arn === null) {
      response.writeHead(403, { 'Content-Type': 'text/xml' }).end('<ErrorResponse/>');
      return;
    }
    const result = `<Arn>${arn}</Arn><UserId>AROAEXAMPLE:manager</UserId><Account>123456789012</Account>`;
    response
      .writeHead(200, { 'Content-Type': 'text/xml' })
      .end(
        `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>${result}</GetCallerIdentityResult></GetCallerIdentityResponse>`,
      );
  });
  const port = await listenOn(server);
  return {
    address: `http://127.0.0.1:${port}`,
    keys,
    sessionTokens,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Whose signature a request has, or `null` where it is wrong.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
function signerOf(incoming: IncomingMessage, body: string, keys: TokenService['keys']): string | null {
  const scheme =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d+)\/([^/]+)\/sts\/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)$/;
  const [, id = '', date = '', region = '', signed = '', signature] =
    scheme.exec(header(incoming, 'authorization')) ?? [];
  const key = keys.get(id);
  if (key === undefined) return null;
  const headers = signed.split(';').map((name) => `${name}:${header(incoming, name).trim()}\n`);
  // Vault asks for `//`; AWS takes paths in their shortest form.
  const path = String(incoming.url).replace(/\/+/g, '/');
  const request = [incoming.method, path, '', headers.join(''), signed, sha256(body)].join('\n');
  const text = [
    'AWS4-HMAC-SHA256',
    header(incoming, 'x-amz-date'),
    `${date}/${region}/sts/aws4_request`,
    sha256(request),
  ];
  const signingKey = [date, region, 'sts', 'aws4_request'].reduce<Buffer>(hmac, Buffer.from(`AWS4${key.secret}`));
  return hmac(signingKey, text.join('\n')).toString('hex') === signature ? key.arn : null;
}

function header(incoming: IncomingMessage, name: string): string {
  return String(incoming.headers[name] ?? '');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
