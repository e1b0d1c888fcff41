import { leaseStates } from '@vault-swarm/rotation';
import * as z from 'zod';
import { count, observation, page, time } from './parts.ts';

const lease = z
  .object({
    id: z.string().meta({ description: "the plugin's own name for it, not the provider's" }),
    service: z.string().meta({ description: "the service's name; its id if the service is gone" }),
    generation: count,
    provider: z.string(),
    ref: z.string().nullable().meta({ description: 'where it was issued; null if no secret names that any more' }),
    secrets: z.array(z.string()).meta({ description: 'the secrets of the service that are parts of it' }),
    tasks: count.meta({ description: 'tasks of its generation that run or start' }),
    state: z.enum(leaseStates).meta({
      description:
        'active: tasks use it; replacing: a rollout to a newer one is due; ended: tasks have it, and it does not work any ' +
        'more; unknown: tasks have a credential that no account names, so the service is rolled; unused: it is revoked soon',
    }),
    holder: z.enum(['token', 'login', 'none']).meta({
      description: "what it ends with: a token of its own, the plugin's login, or neither",
    }),
    renewable: z.boolean(),
    issued_at: time,
    renewed_at: time.nullable().meta({ description: 'null if this manager has not renewed it' }),
    expires_at: time.nullable().meta({ description: 'when it ends unless it is renewed; null on a standby' }),
    ends_at: time.nullable().meta({ description: 'when it ends whatever is renewed; null if that is not known yet' }),
    rolls_at: time
      .nullable()
      .meta({ description: 'when the service is updated to another one; null if not known yet' }),
    ends_too_soon: z.boolean().meta({ description: 'whether a rollout that starts now may come too late' }),
    problem: z
      .object({ operation: z.enum(['renew', 'revoke']), message: z.string() })
      .nullable()
      .meta({ description: 'why its latest renewal or revocation failed' }),
  })
  .meta({ id: 'Lease', description: 'a credential that ends, without its values' });

/** The response of `GET /api/v1/leases`. */
export const leasesSchema = z
  .object({
    ...observation,
    ...page,
    max_leases: count.meta({ description: 'how many there may be: LEASE_MAX' }),
    leases: z.array(lease),
  })
  .meta({ id: 'Leases' });

/** One credential that ends. */
export type Lease = z.output<typeof lease>;
/** The response of `GET /api/v1/leases`. */
export type Leases = z.output<typeof leasesSchema>;
