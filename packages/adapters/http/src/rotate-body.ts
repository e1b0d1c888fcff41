import type { RotateRequest } from '@vault-swarm/rotation';
import { rotateRequestSchema } from './api/index.ts';

/** The expected body, for error messages. */
export const ROTATE_BODY =
  'Send one of {"secret": "NAME"}, {"service": "NAME"} and {"quarantined": true}, and nothing else.';

/** Parses the body as a request; `null` if it is not valid. */
export function parseRotateRequest(body: unknown): RotateRequest | null {
  const { success, data } = rotateRequestSchema.safeParse(body);
  if (!success) return null;
  if ('secret' in data) return { kind: 'secret', name: data.secret };
  if ('service' in data) return { kind: 'service', name: data.service };
  return { kind: 'quarantined' };
}
