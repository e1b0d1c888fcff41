import { authentic, type HookRequest, rejected, type VerifyHook } from '../hook-request.ts';
import { bearerOf, isSame } from './bearer.ts';

/**
 * Azure Event Grid with the Event Grid schema. Event Grid signs nothing. It sends the secret in the address, as
 * `?code=SECRET`, or in a delivery property, as `Authorization: Bearer SECRET`. Before the first event it asks for the
 * validation code of a first message.
 *
 * @see https://learn.microsoft.com/en-us/azure/event-grid/end-point-validation-event-grid-events-schema
 */
export const verifyEventGrid: VerifyHook = (request, secret) => {
  const given = bearerOf(request) ?? request.query.get('code');
  if (given === null) return rejected('unsigned');
  if (!isSame(given, secret)) return rejected('signature');
  if (request.headers['aeg-event-type'] !== 'SubscriptionValidation') return authentic(null);
  const code = validationCodeOf(request);
  return code === null ? rejected('unreadable') : { kind: 'handshake', answer: { validationResponse: code } };
};

function validationCodeOf({ body }: HookRequest): string | null {
  try {
    const code = JSON.parse(body.toString())?.[0]?.data?.validationCode;
    return typeof code === 'string' ? code : null;
  } catch {
    return null;
  }
}
