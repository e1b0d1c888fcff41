import { Webhook } from 'standardwebhooks';
import { authentic, rejected, type VerifyHook } from '../hook-request.ts';

/** How much older or newer than now a message's timestamp may be. The library has the same limit. */
const TOLERANCE_SECONDS = 300;

/** Standard Webhooks: the id, the time and the body are signed. @see https://www.standardwebhooks.com */
export const verifyStandard: VerifyHook = ({ headers, body }, secret, nowMs) => {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
  const [id, timestamp, signature] = names.map((name) => headers[name]);
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signature !== 'string')
    return rejected('unsigned');
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(nowMs / 1_000 - Number(timestamp)) > TOLERANCE_SECONDS) {
    return rejected('timestamp');
  }
  try {
    const signed = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
    new Webhook(secret).verify(body, signed, { jsonParse: false });
    return authentic(id);
  } catch {
    return rejected('signature');
  }
};
