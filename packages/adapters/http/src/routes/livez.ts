import { liveSchema } from '../api/plain.ts';
import { sendJson } from '../send.ts';
import type { Route } from './route.ts';

/** `GET /livez`. */
export const livezRoute: Route = {
  method: 'get',
  path: '/livez',
  access: 'allowed-host',
  summary: "Whether the driver's socket is served",
  responses: { 200: liveSchema, 503: liveSchema },
  handlers: ({ sources }) => [
    (_request, response) => {
      const live = sources.live();
      sendJson(response, live ? 200 : 503, { live });
    },
  ],
};
