import * as z from 'zod';
import { time } from './parts.ts';

/** The body of `POST /api/v1/lockdown`. */
export const lockdownRequestSchema = z
  .strictObject({ active: z.boolean().meta({ description: 'true starts a lockdown, false ends it' }) })
  .meta({ id: 'LockdownRequest' });

/** Whether a lockdown is active: the response of `POST /api/v1/lockdown`, and a part of the overview. */
export const lockdownSchema = z
  .object({
    active: z.boolean().meta({ description: 'while it is active, no value is served from the cache' }),
    since: time.nullable().meta({ description: 'when it was started; null if it is not active' }),
  })
  .meta({ id: 'Lockdown' });

/** The response of `POST /api/v1/lockdown`. */
export type LockdownState = z.output<typeof lockdownSchema>;
