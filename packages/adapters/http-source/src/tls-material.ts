import { createSecureContext } from 'node:tls';
import type { HttpTls } from './config.ts';

/** The content of the certificate files. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The current content; `null` if a file can't be read, or if the files do not belong together (yet). */
export function readTlsMaterial({ ca, certificate, key }: HttpTls): TlsMaterial | null {
  try {
    const material = {
      ...(ca === undefined ? {} : { ca: ca.read() }),
      ...(certificate === undefined ? {} : { cert: certificate.read() }),
      ...(key === undefined ? {} : { key: key.read() }),
    };
    if (material.cert !== undefined) createSecureContext(material);
    return material;
  } catch {
    // A file may be missing for a moment while it is replaced.
    return null;
  }
}
