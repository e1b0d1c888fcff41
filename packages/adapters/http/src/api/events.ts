import * as z from 'zod';
import { time } from './parts.ts';

/** The severity of events, most severe first. */
export const levels = ['error', 'warn', 'info', 'debug'] as const;

/** One of {@link levels}. */
export const levelSchema = z.enum(levels);

const eventId = z.int().nonnegative().meta({ description: 'increases with each event, also across restarts' });

/** An event. Besides these fields it has those of its kind, such as `service` and `secrets`. */
export const eventSchema = z
  .looseObject({
    id: eventId,
    time,
    level: levelSchema,
    event: z.string(),
    message: z.string(),
  })
  .meta({ id: 'Event' });

/** The response of `GET /api/v1/events`, newest first. */
export const eventsSchema = z
  .object({
    events: z.array(eventSchema),
    next_before: eventId.nullable().meta({ description: 'requests older events; null if there are none' }),
  })
  .meta({ id: 'Events' });

/** The severity of an event. */
export type Level = z.output<typeof levelSchema>;
/** An event. */
export type Event = z.output<typeof eventSchema>;
/** The response of `GET /api/v1/events`. */
export type Events = z.output<typeof eventsSchema>;
