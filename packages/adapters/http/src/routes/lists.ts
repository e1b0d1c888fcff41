import type { RequestHandler } from 'express';
import { leasesSchema, secretsSchema, servicesSchema } from '../api/index.ts';
import { leasesQuerySchema, secretsQuerySchema, servicesQuerySchema } from '../api/parameters.ts';
import { readQuery } from '../query.ts';
import { sendProblem, sendTagged } from '../send.ts';
import type { ListPage, StatusList } from '../status-list.ts';
import type { Lists, StatusLists } from '../status-lists.ts';
import type { Route } from './route.ts';

/** `GET /api/v1/secrets`. */
export const secretsRoute: Route = {
  method: 'get',
  path: '/api/v1/secrets',
  access: 'read',
  summary: 'The secrets of this driver, by name',
  query: secretsQuerySchema,
  responses: { 200: secretsSchema },
  isTagged: true,
  handlers: ({ statusLists }) => [listHandler(statusLists, 'secrets', secretsQuerySchema)],
};

/** `GET /api/v1/services`. */
export const servicesRoute: Route = {
  method: 'get',
  path: '/api/v1/services',
  access: 'read',
  summary: 'The services that use them, by name',
  query: servicesQuerySchema,
  responses: { 200: servicesSchema },
  isTagged: true,
  handlers: ({ statusLists }) => [listHandler(statusLists, 'services', servicesQuerySchema)],
};

/** `GET /api/v1/leases`. */
export const leasesRoute: Route = {
  method: 'get',
  path: '/api/v1/leases',
  access: 'read',
  summary: 'The credentials that end, by service and generation',
  query: leasesQuerySchema,
  responses: { 200: leasesSchema },
  isTagged: true,
  handlers: ({ statusLists }) => [
    listHandler(statusLists, 'leases', leasesQuerySchema, ({ maxLeases }) => ({ max_leases: maxLeases })),
  ],
};

/**
 * The ETag covers the whole list, whatever part is requested, so that the stream can send one to all. It is weak,
 * because a response also has the time of Docker's last answer, which is not a change.
 */
function listHandler(
  statusLists: StatusLists,
  name: 'secrets' | 'services' | 'leases',
  schema: typeof secretsQuerySchema | typeof servicesQuerySchema | typeof leasesQuerySchema,
  others: (lists: Lists) => object = () => ({}),
): RequestHandler {
  return (request, response) => {
    const query = readQuery(schema, request, response);
    if (query === null) return;
    const { cursor, search, state, limit } = query;
    const after = cursor === undefined ? undefined : nameOf(cursor);
    if (after === null) {
      sendProblem(response, 400, 'The parameter "cursor" must be the "next_cursor" of an earlier response.');
      return;
    }
    const lists = statusLists.now();
    const list: Pick<StatusList<never>, 'etag' | 'page'> = lists[name];
    sendTagged(request, response, list.etag, () => {
      return bodyOf({ ...lists.observation, ...others(lists) }, name, list.page({ search, state, limit, after }));
    });
  };
}

function bodyOf(fields: object, name: string, page: ListPage): string {
  const nextCursor = page.next === null ? null : Buffer.from(page.next).toString('base64url');
  const head = JSON.stringify({ ...fields, total: page.total, next_cursor: nextCursor });
  return `${head.slice(0, -1)},"${name}":[${page.entries.join(',')}]}\n`;
}

function nameOf(cursor: string): string | null {
  const name = Buffer.from(cursor, 'base64url');
  return cursor !== '' && name.toString('base64url') === cursor ? name.toString() : null;
}
