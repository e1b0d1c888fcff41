import { createHmac, timingSafeEqual } from 'node:crypto';
import { authentic, rejected, type VerifyHook } from '../hook-request.ts';

/**
 * A webhook of GitHub, Gitea or Forgejo: the body is signed, and nothing else. So a repeated signature is a replay, and
 * an old request is only recognised while its signature is remembered.
 *
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export const verifyGithub: VerifyHook = ({ headers, body }, secret) => {
  const given = headers['x-hub-signature-256'];
  if (typeof given !== 'string') return rejected('unsigned');
  const [, hex] = /^sha256=([0-9a-f]{64})$/.exec(given) ?? [];
  if (hex === undefined) return rejected('signature');
  const right = createHmac('sha256', secret).update(body).digest();
  return timingSafeEqual(right, Buffer.from(hex, 'hex')) ? authentic(hex) : rejected('signature');
};
