import { createHash, timingSafeEqual } from 'node:crypto';
import { authentic, type HookRequest, rejected, type VerifyHook } from '../hook-request.ts';

/** The secret itself in `Authorization: Bearer`. Nothing else is signed, so a replay can't be recognised. */
export const verifyBearer: VerifyHook = (request, secret) => {
  const given = bearerOf(request);
  if (given === null) return rejected('unsigned');
  return isSame(given, secret) ? authentic(null) : rejected('signature');
};

/** The token of the header; `null` if there is none. */
export function bearerOf({ headers }: HookRequest): string | null {
  return /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
}

/** Compares in constant time. */
export function isSame(given: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}
