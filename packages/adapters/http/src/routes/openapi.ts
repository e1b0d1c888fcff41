import { send } from '../send.ts';
import type { Route } from './route.ts';

/** `GET /api/v1/openapi.json`. */
export const openApiRoute: Route = {
  method: 'get',
  path: '/api/v1/openapi.json',
  access: 'read',
  summary: 'This document',
  responses: { 200: 'application/json' },
  handlers: ({ openApiDocument }) => {
    let text: string | null = null;
    return [
      (_request, response) => {
        text ??= `${JSON.stringify(openApiDocument())}\n`;
        send(response, 200, 'application/json; charset=utf-8', text);
      },
    ];
  },
};
