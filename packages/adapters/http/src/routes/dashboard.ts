import { sendHtml } from '../send.ts';
import type { Route } from './route.ts';

/** `GET /`: the dashboard. */
export const dashboardRoute: Route = {
  method: 'get',
  path: '/',
  access: 'read',
  summary: 'The dashboard; with 401 the sign-in page',
  responses: { 200: 'text/html', 401: 'text/html' },
  handlers: ({ dashboard }) => [(_request, response) => sendHtml(response, 200, dashboard.index)],
};
