import * as z from 'zod';
import { observation, page, time } from './parts.ts';
import { secretProblemSchema } from './reasons.ts';

const secret = z
  .object({
    name: z.string(),
    provider: z.string().nullable().meta({ description: 'null if no service uses it, or its labels are wrong' }),
    ref: z.string().nullable().meta({ description: 'where its value is, as text' }),
    rotate: z.enum(['auto', 'manual', 'off']),
    pinned: z.boolean(),
    revision: z.string().nullable().meta({ description: 'the one last seen at the provider' }),
    revision_name: z.string().nullable().meta({ description: 'the revision for people, shortened' }),
    changed_at: time.nullable(),
    services: z.array(z.string()).meta({ description: 'names of the services that use it' }),
    problem: secretProblemSchema.nullable(),
  })
  .meta({ id: 'Secret' });

/** The response of `GET /api/v1/secrets`. */
export const secretsSchema = z.object({ ...observation, ...page, secrets: z.array(secret) }).meta({ id: 'Secrets' });

/** One secret. */
export type Secret = z.output<typeof secret>;
/** The response of `GET /api/v1/secrets`. */
export type Secrets = z.output<typeof secretsSchema>;
