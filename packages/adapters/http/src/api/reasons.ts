import { problemCodes, problemSeverities, providerErrorCodes } from '@vault-swarm/provider';
import { serviceConditionCodes, waitingCodes } from '@vault-swarm/rotation';
import * as z from 'zod';
import { count, time } from './parts.ts';

/** How bad a problem is. */
const severity = z.enum(problemSeverities).meta({
  description: 'critical: an outage; warning: a degraded mode; info: it needs no haste',
});

/** The state of a service. */
export const serviceStateSchema = z
  .object({
    code: z.enum(serviceConditionCodes).meta({ description: 'stable; see docs/reference/problems.md' }),
    severity: z.enum([...problemSeverities, 'ok']),
    title: z.string().meta({ description: 'one to five words' }),
    message: z.string().meta({ description: 'why, or what it waits for; empty if the title says it all' }),
  })
  .meta({ id: 'ServiceState' });

/** One of the problems of the overview. */
export const problemEntrySchema = z
  .object({
    code: z.enum(problemCodes).meta({ description: 'stable; see docs/reference/problem-codes.md' }),
    severity,
    summary: z.string().meta({ description: 'a sentence without names' }),
    message: z.string().meta({ description: 'the summary, and what it concerns' }),
    action: z.string().meta({ description: 'what to do' }),
    since: time.meta({ description: 'when this plugin first saw it' }),
    secrets: z.array(z.string()).meta({ description: 'names of the affected secrets, at most 20' }),
    services: z.array(z.string()).meta({ description: 'names of the affected services, at most 20' }),
    affected: z
      .object({ secrets: count, services: count })
      .meta({ description: 'how many secrets and services it affects' }),
  })
  .meta({ id: 'ProblemEntry' });

/** Why a service waits. */
export const waitingReasonSchema = z
  .object({
    code: z.enum(waitingCodes).meta({ description: 'stable; see docs/reference/problems.md' }),
    message: z.string().meta({ description: 'for people: "waits for …"' }),
  })
  .meta({ id: 'WaitingReason' });

/** Why a secret has no value to deliver. */
export const secretProblemSchema = z
  .object({
    code: z
      .enum([...providerErrorCodes, 'POLICY_DENIED'])
      .meta({ description: 'stable; see docs/reference/errors.md' }),
    message: z.string(),
  })
  .meta({ id: 'SecretProblem' });

/** What is wrong with a service. */
export const serviceProblemSchema = z
  .object({
    code: z
      .enum(['ROTATION_BLOCKED', 'ROTATION_TOO_FREQUENT'])
      .meta({ description: 'stable; see docs/reference/problems.md' }),
    message: z.string(),
  })
  .meta({ id: 'ServiceProblem' });

/** One of the problems of the overview. */
export type ProblemEntry = z.output<typeof problemEntrySchema>;
