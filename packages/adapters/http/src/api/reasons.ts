import { problemCodes, providerErrorCodes } from '@vault-swarm/provider';
import { waitingCodes } from '@vault-swarm/rotation';
import * as z from 'zod';

/** One of the problems of the overview. */
export const problemEntrySchema = z
  .object({
    code: z.enum(problemCodes).meta({ description: 'stable; see docs/reference/problems.md' }),
    summary: z.string().meta({ description: 'a sentence without names' }),
    message: z.string().meta({ description: 'the summary, what it concerns, and what to do' }),
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
    code: z.enum(providerErrorCodes).meta({ description: 'stable; see docs/reference/errors.md' }),
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
