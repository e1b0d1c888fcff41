import * as z from 'zod';
import { count, time } from './parts.ts';
import { waitingReasonSchema } from './reasons.ts';

const name = z.string().min(1);

const force = z
  .boolean()
  .optional()
  .meta({ description: 'also restart services whose tasks have the newest values already' });

const failedBefore = z
  .object({
    secrets: z.array(z.string()),
    service: z.string().meta({ description: 'the service whose tasks failed' }),
    since: time,
    reason: z.string(),
  })
  .meta({
    id: 'FailedBefore',
    description: 'newest values that made tasks fail before, and that are tried again; missing if there are none',
  });

const omitted = count
  .optional()
  .meta({ description: 'how many services are not listed, because the response would be too long; missing if none' });

const outcome = z.enum(['scheduled', 'pending', 'up-to-date', 'not-applicable', 'restarted']).meta({
  description:
    'scheduled: as soon as there is capacity; pending: a provider does not report its newest value now; up-to-date: its tasks have ' +
    'the newest values already; not-applicable: it is a job, or labels say that none of these secrets is ever rotated; ' +
    'restarted: its tasks have the newest values already, and are replaced because of "force"',
});

/** The body of `POST /api/v1/rotate`: exactly one of these. */
export const rotateRequestSchema = z
  .union([
    z.strictObject({ secret: name, force }).meta({ description: 'every service that uses this secret' }),
    z.strictObject({ service: name, force }).meta({ description: 'one service, for all of its secrets' }),
    z.strictObject({ quarantined: z.literal(true) }).meta({
      description: 'every service with quarantined revisions: they are tried again',
    }),
  ])
  .meta({ id: 'RotateRequest' });

/** The response of `POST /api/v1/rotate`. */
export const rotateSchema = z
  .object({
    services: z.array(
      z.object({
        name: z.string(),
        secrets: z.array(z.string()).meta({ description: 'the services that the request affects' }),
        outcome,
        failed_before: failedBefore.optional(),
      }),
    ),
    omitted,
  })
  .meta({ id: 'Rotate' });

/** The response of `GET /api/v1/plan`: what a manual rotation would do or, without parameters, what is due now. */
export const planSchema = z
  .object({
    services: z.array(
      z.object({
        name: z.string(),
        secrets: z.array(z.string()),
        outcome,
        failed_before: failedBefore.optional(),
        tasks: count.meta({ description: 'how many would be replaced' }),
        waiting_reason: waitingReasonSchema.nullable(),
      }),
    ),
    omitted,
  })
  .meta({ id: 'Plan' });

/** The body of `POST /api/v1/rotate`. */
export type RotateBody = z.output<typeof rotateRequestSchema>;
/** The response of `POST /api/v1/rotate`. */
export type Rotate = z.output<typeof rotateSchema>;
/** The response of `GET /api/v1/plan`. */
export type Plan = z.output<typeof planSchema>;
