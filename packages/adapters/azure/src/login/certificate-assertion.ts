import {
  constants,
  createHash,
  createPrivateKey,
  type KeyObject,
  randomUUID,
  sign,
  X509Certificate,
} from 'node:crypto';

/** How long an assertion is valid. */
const LIFE_SECONDS = 10 * 60;

interface Certificate {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/** What an assertion says. */
export interface AssertionClaims {
  readonly clientId: string;
  /** The address of the token endpoint. */
  readonly audience: string;
  readonly nowMs: number;
}

/** Whether PEM has a certificate and its private RSA key. */
export function isUsableCertificate(pem: string, password: string | undefined): boolean {
  try {
    const { certificate, key } = readCertificate(pem, password);
    return key.asymmetricKeyType === 'rsa' && certificate.checkPrivateKey(key);
  } catch {
    // OpenSSL's reasons do not help; the caller says what was expected.
    return false;
  }
}

/**
 * A signed statement that the caller has the key of a certificate of the application.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
export function certificateAssertion(
  pem: string,
  password: string | undefined,
  { clientId, audience, nowMs }: AssertionClaims,
): string {
  const { certificate, key } = readCertificate(pem, password);
  const seconds = Math.floor(nowMs / 1000);
  const thumbprint = createHash('sha256').update(certificate.raw).digest('base64url');
  const header = { alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint };
  const payload = {
    ...{ aud: audience, iss: clientId, sub: clientId, jti: randomUUID() },
    ...{ nbf: seconds, exp: seconds + LIFE_SECONDS },
  };
  const signed = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, ...padding }).toString('base64url')}`;
}

function readCertificate(pem: string, password: string | undefined): Certificate {
  const key = createPrivateKey({ key: pem, ...(password === undefined ? {} : { passphrase: password }) });
  return { certificate: new X509Certificate(pem), key };
}
