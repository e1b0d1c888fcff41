import { type NumberedEvent, type RecentEvents, type Severity, severities, severityOf } from '@vault-swarm/metrics';
import type { RequestHandler } from 'express';
import { answerJson } from './answer.ts';
import type { Events } from './api/index.ts';
import { eventsQuerySchema } from './api/parameters.ts';
import { eventDocument } from './documents.ts';
import { readQuery } from './query.ts';

/** `GET /api/v1/events`: what matters at least as much as `level`, the newest first. */
export function eventsRoute(recentEvents: Pick<RecentEvents, 'list'>): RequestHandler {
  return (request, response) => {
    const query = readQuery(eventsQuerySchema, request, response);
    if (query === null) return;
    const { level, limit, before } = query;
    const found = recentEvents.list(atLeast(level), before === undefined ? {} : { before });
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    const body: Events = {
      events: shown.map(eventDocument),
      next_before: shown.length < found.length && last !== undefined ? last.id : null,
    };
    answerJson(response, 200, body);
  };
}

/** Takes the kinds of events that matter at least as much as `level`. */
export function atLeast(level: Severity): (type: NumberedEvent['type']) => boolean {
  const least = severities.indexOf(level);
  return (type) => severities.indexOf(severityOf(type)) <= least;
}
