import * as z from 'zod';
import { causeSchema } from './cause.ts';
import { count, observation, page, time } from './parts.ts';
import { serviceProblemSchema, serviceStateSchema, waitingReasonSchema } from './reasons.ts';

const taskRevisions = z
  .object({
    secret: z.string(),
    provider_revision: z.string().nullable().meta({ description: 'the newest one at the provider; null if not known' }),
    revisions: z.array(
      z.object({
        revision: z.string().nullable().meta({ description: 'null if the revision of these tasks is not known' }),
        name: z.string().nullable().meta({ description: 'the revision for people, shortened' }),
        tasks: count,
        state: z.enum(['current', 'held-back', 'outdated', 'unknown']).meta({
          description:
            'current: the newest of the provider; held-back: the last good one, because the newest is quarantined; ' +
            'outdated: neither',
        }),
      }),
    ),
  })
  .meta({ id: 'TaskRevisions', description: 'how many running tasks have which revision of a secret' });

const rollout = z.object({
  generation: count,
  secrets: z.array(z.string()),
  cause: z.array(causeSchema).meta({ description: 'why it was started; at most 20 entries' }),
  started_at: time,
  direction: z.enum(['forward', 'rollback']).meta({ description: 'rollback: it restores the previous good values' }),
  state: z.enum(['waiting', 'rolling', 'stuck', 'failed']),
  tasks_done: count,
  tasks_total: count,
});

const quarantined = z
  .object({ secrets: z.array(z.string()), since: time, reason: z.string() })
  .meta({ description: 'revisions that made tasks fail, withheld from this service until released' });

const service = z
  .object({
    id: z.string(),
    name: z.string(),
    secrets: z.array(z.string()),
    state: serviceStateSchema,
    running_tasks: count,
    desired_tasks: count.meta({ description: 'how many should run' }),
    outdated_tasks: count,
    task_revisions: z.array(taskRevisions),
    rollout: rollout.nullable(),
    quarantined: quarantined.nullable(),
    last_rotation_at: time.nullable(),
    waiting_reason: waitingReasonSchema.nullable(),
    problem: serviceProblemSchema.nullable(),
  })
  .meta({ id: 'Service' });

/** The response of `GET /api/v1/services`. */
export const servicesSchema = z
  .object({ ...observation, ...page, services: z.array(service) })
  .meta({ id: 'Services' });

/** One service. */
export type Service = z.output<typeof service>;
/** The response of `GET /api/v1/services`. */
export type Services = z.output<typeof servicesSchema>;
