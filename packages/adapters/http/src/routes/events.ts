import { type EventCatalog, type RecentEvents, rotationEnds } from '@vault-swarm/metrics';
import type { RequestHandler } from 'express';
import { type Events, eventsSchema } from '../api/index.ts';
import { eventsQuerySchema } from '../api/parameters.ts';
import { atLeast } from '../event-severity.ts';
import { fitting } from '../page-size.ts';
import { readQuery } from '../query.ts';
import { sendJsonText } from '../send.ts';
import { eventDocument } from '../serializers.ts';
import type { Route } from './route.ts';

/** `GET /api/v1/events`: events of at least `level`, newest first. */
export const eventsRoute: Route = {
  method: 'get',
  path: '/api/v1/events',
  access: 'read',
  summary: 'Events, newest first',
  query: eventsQuerySchema,
  responses: { 200: eventsSchema },
  handlers: ({ sources }) => [eventsHandler(sources.recentEvents, sources.eventCatalog)],
};

function eventsHandler(recentEvents: Pick<RecentEvents, 'list'>, catalog: EventCatalog): RequestHandler {
  return (request, response) => {
    const query = readQuery(eventsQuerySchema, request, response);
    if (query === null) return;
    const { level, limit, before, rotations } = query;
    const isSevere = atLeast(level, catalog);
    const wanted = (type: string) => isSevere(type) && (rotations === undefined || rotationEnds.includes(type));
    const found = recentEvents.list(wanted, before === undefined ? {} : { before });
    const shown = fitting(found.slice(0, limit).map((event) => JSON.stringify(eventDocument(event, catalog))));
    const last = found[shown.length - 1];
    const nextBefore: Events['next_before'] = shown.length < found.length && last !== undefined ? last.id : null;
    sendJsonText(response, 200, `{"events":[${shown.join(',')}],"next_before":${nextBefore}}`);
  };
}
