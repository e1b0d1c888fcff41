import type { RequestHandler, Response } from 'express';
import type { Asset, DashboardFiles } from './assets.ts';
import { send, sendHtml } from './send.ts';

/** One year. The content of such a file never changes, because its name contains a hash. */
const FOR_EVER = 'private, max-age=31536000, immutable';

/** Answers 401 with the sign-in page. */
export function answerSignIn({ signIn }: DashboardFiles): (response: Response) => void {
  return (response) => sendHtml(response, 401, signIn);
}

/** `GET /assets/NAME`. */
export function assetHandler({ contentType, body, isHashed }: Asset): RequestHandler {
  return (_request, response) => {
    if (isHashed) response.setHeader('Cache-Control', FOR_EVER);
    send(response, 200, contentType, body);
  };
}
