import * as z from 'zod';
import { time } from './parts.ts';

/** How much an event matters, the most important first. */
export const levels = ['error', 'warn', 'info', 'debug'] as const;

/** One of {@link levels}. */
export const levelSchema = z.enum(levels);

const eventId = z.int().nonnegative().meta({ description: 'grows with each event, also from one process to the next' });

/** What happened. Besides these fields it has those of its own kind, such as `service` and `secrets`. */
export const eventSchema = z
  .looseObject({
    id: eventId,
    time,
    level: levelSchema,
    event: z.string(),
    message: z.string(),
  })
  .meta({ id: 'Event' });

/** The answer of `GET /api/v1/events`, the newest first. */
export const eventsSchema = z
  .object({
    events: z.array(eventSchema),
    next_before: eventId.nullable().meta({ description: 'asks for what happened before; null where that is all' }),
  })
  .meta({ id: 'Events' });

/** How much an event matters. */
export type Level = z.output<typeof levelSchema>;
/** What happened. */
export type Event = z.output<typeof eventSchema>;
/** The answer of `GET /api/v1/events`. */
export type Events = z.output<typeof eventsSchema>;
