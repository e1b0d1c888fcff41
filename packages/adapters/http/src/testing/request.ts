import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';

/** A request that was never sent, with these headers and this target. */
export function requestWith(headers: Readonly<Record<string, string | undefined>>, url = '/'): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.url = url;
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) request.headers[name] = value;
  return request;
}
