import * as z from 'zod';
import { levels } from './events.ts';

const MAX_LISTED = 1000;
const MAX_EVENTS = 1_000;
const MAX_SEARCH = 200;

function oneOf<const T extends readonly string[]>(allowed: T) {
  return z.enum(allowed, { error: `must be one of ${allowed.join(', ')}` });
}

function wholeNumber(min: number, max: number) {
  return z.coerce
    .number({ error: `must be a whole number from ${min} to ${max}` })
    .refine(
      (value) => Number.isInteger(value) && value >= min && value <= max,
      `must be a whole number from ${min} to ${max}`,
    );
}

const list = {
  search: z
    .string({ error: 'must be given once' })
    .max(MAX_SEARCH, `must be at most ${MAX_SEARCH} characters long`)
    .optional()
    .meta({ description: 'a part of a name, a reference or a problem, in any case' }),
  limit: wholeNumber(1, MAX_LISTED)
    .optional()
    .meta({ description: 'the most entries; without it as many as fit into a response' }),
  cursor: z
    .string({ error: 'must be given once' })
    .optional()
    .meta({ description: 'the `next_cursor` of the previous response' }),
};

/** The parameters of `GET /api/v1/secrets`. */
export const secretsQuerySchema = z.object({ ...list, state: oneOf(['all', 'problem']).default('all') });

/** The parameters of `GET /api/v1/services`. */
export const servicesQuerySchema = z.object({ ...list, state: oneOf(['all', 'problem', 'rolling']).default('all') });

/** The parameters of `GET /api/v1/leases`. */
export const leasesQuerySchema = z.object({ ...list, state: oneOf(['all', 'problem']).default('all') });

/** The parameters of `GET /api/v1/events`. */
export const eventsQuerySchema = z.object({
  level: oneOf(levels).default('info').meta({ description: 'events of at least this severity' }),
  rotations: oneOf(['true'])
    .optional()
    .meta({ description: 'only the ends of rollouts and rollbacks; the latest 1,000 of each kind are kept' }),
  limit: wholeNumber(1, MAX_EVENTS).default(100),
  before: wholeNumber(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'the `next_before` of the previous response, or the `id` of an event' }),
});

/** The parameters of `GET /api/v1/stream`. */
export const streamQuerySchema = z.object({
  after: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional().meta({
    description: 'the `id` of the last known event; the header Last-Event-ID has the same meaning, and priority',
  }),
});

/** The parameters of `GET /api/v1/plan`: at most one. Without any, it shows what is due now. */
export const planQuerySchema = z
  .object({
    secret: z.string({ error: 'must be given once' }).min(1, 'must be a name').optional(),
    service: z.string({ error: 'must be given once' }).min(1, 'must be a name').optional(),
    quarantined: oneOf(['true']).optional(),
    force: oneOf(['true', 'false'])
      .optional()
      .meta({ description: 'true: also restart services whose tasks have the newest values already; with a name' }),
  })
  .refine(
    ({ secret, service, quarantined }) =>
      [secret, service, quarantined].filter((value) => value !== undefined).length <= 1,
    { path: [], error: 'Use one of "secret", "service" and "quarantined", or none.' },
  )
  .refine(({ secret, service, force }) => force !== 'true' || secret !== undefined || service !== undefined, {
    path: [],
    error: 'Use "force" with "secret" or "service".',
  });
