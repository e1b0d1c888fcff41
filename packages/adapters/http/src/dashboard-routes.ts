import type { RequestHandler, Response } from 'express';
import { answer, answerHtml } from './answer.ts';
import type { Asset, DashboardFiles } from './assets.ts';
import { dashboardPage } from './dashboard/page.ts';
import { signInPage } from './dashboard/sign-in.ts';
import type { MonitoringSources } from './sources.ts';

const HTML = 'text/html; charset=utf-8';
/** A year, which is for ever: the name changes with the content. */
const FOR_EVER = 'private, max-age=31536000, immutable';

/** `GET /`: the dashboard. */
export function dashboardRoute(
  { pages }: DashboardFiles,
  sources: MonitoringSources,
  now: () => number,
): RequestHandler {
  return (_request, response) => {
    if (pages === null) answerHtml(response, 200, dashboardPage(sources, now()));
    else answer(response, 200, HTML, pages.index);
  };
}

/** Answers 401 with the page to sign in. */
export function answerSignIn({ pages }: DashboardFiles, pluginName: string): (response: Response) => void {
  return (response) => {
    if (pages === null) answerHtml(response, 401, signInPage(pluginName));
    else answer(response, 401, HTML, pages.signIn);
  };
}

/** `GET /assets/NAME`. */
export function assetRoute({ contentType, body, isHashed }: Asset): RequestHandler {
  return (_request, response) => {
    if (isHashed) response.setHeader('Cache-Control', FOR_EVER);
    answer(response, 200, contentType, body);
  };
}
