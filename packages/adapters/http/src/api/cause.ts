import * as z from 'zod';
import { time } from './parts.ts';

const noticedBySchema = z.enum(['poll', 'hook', 'operator', 'start', 'lease', 'failure']);

/** Why a rollout was started: the change of one secret. Part of rollouts and of their events. */
export const causeSchema = z
  .object({
    secret: z.string(),
    from: z.string().nullable().meta({ description: 'the revision that the tasks had; null if it is not known' }),
    to: z.string(),
    noticed_by: noticedBySchema.nullable().meta({
      description: 'failure: tasks failed with the new values; null: an earlier version of the plugin noticed it',
    }),
    hook: z.string().nullable().meta({ description: 'the name of the hook, if one noticed it' }),
    noticed_at: time,
  })
  .meta({ id: 'RolloutCause' });

/** Why a rollout was started. */
export type Cause = z.output<typeof causeSchema>;
