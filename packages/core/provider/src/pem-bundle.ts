/** A block of PEM, with its label. */
const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----\s[A-Za-z0-9+/=\s]+-----END \1-----/g;

/** The file of a server, or why there is none. */
export type PemBundle =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'problem'; readonly why: string };

/** The parts of an issued certificate, as the PKI engine of Vault names them. */
export interface CertificateParts {
  readonly privateKey: string;
  readonly certificate: string;
  /** The certificates above it, the issuer first. */
  readonly chain: readonly string[];
}

/**
 * Joins private key, certificate and chain to one PEM file, in this order, each block once. Servers such as HAProxy and
 * nginx read it as it is.
 */
export function pemBundle({ privateKey, certificate, chain }: CertificateParts): PemBundle {
  const keys = blocksOf(privateKey).filter(({ label }) => label.endsWith('PRIVATE KEY'));
  // With Vault's format pem_bundle, the certificate's field has all parts.
  const certificates = [certificate, ...chain].flatMap(blocksOf).filter(({ label }) => label === 'CERTIFICATE');
  if (keys.length === 0) return { kind: 'problem', why: 'field "private_key" is not PEM' };
  if (blocksOf(certificate).length === 0) return { kind: 'problem', why: 'field "certificate" is not PEM' };
  const texts = new Set([...keys, ...certificates].map(({ text }) => text));
  return { kind: 'text', text: [...texts].map((text) => `${text}\n`).join('') };
}

function blocksOf(pem: string): readonly { readonly label: string; readonly text: string }[] {
  return [...pem.matchAll(BLOCK)].map(([text, label = '']) => ({ label, text: text.replace(/\r\n?/g, '\n') }));
}
