import { providerErrorCodes } from '@vault-swarm/provider';
import * as z from 'zod';

/** The longest name of a secret, service, stack or label. */
export const MAX_NAME = 256;
/** The longest value of a label. Docker has no limit; no label that the plugin reads is longer. */
export const MAX_LABEL = 4_096;
/** The most labels of one secret. */
export const MAX_LABELS = 100;

const name = z.string().min(1).max(MAX_NAME);

/** The body of `POST /api/v1/check`. */
export const checkRequestSchema = z
  .strictObject({
    secret: name.optional().meta({ description: 'the name that the secret will have; a part of the default path' }),
    labels: z
      .record(z.string().max(MAX_NAME), z.string().max(MAX_LABEL))
      .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `at most ${MAX_LABELS} labels`),
    service: name
      .optional()
      .meta({ description: 'the service that will use it: for the default path, and the policy' }),
    stack: name.optional().meta({ description: 'the stack of that service, for the access policy' }),
  })
  .meta({ id: 'CheckRequest' });

/** The response of `POST /api/v1/check`. */
export const checkSchema = z
  .object({
    ref: z.string().nullable().meta({ description: 'where the value is; null if the labels are wrong' }),
    provider: z.string().nullable(),
    rotate: z.enum(['auto', 'manual', 'off']).nullable(),
    encoding: z.string().nullable(),
    pinned: z.boolean(),
    problem: z
      .object({
        code: z.enum([...providerErrorCodes, 'DEADLINE', 'POLICY_DENIED']).meta({
          description: 'stable; see docs/reference/errors.md',
        }),
        message: z.string(),
      })
      .nullable()
      .meta({ description: 'why no value would be delivered; null if nothing speaks against it' }),
    reported_denial: z
      .string()
      .nullable()
      .meta({ description: 'what the access policy would deny if it was enforced' }),
    source: z.enum(['read', 'not-asked', 'issues']).meta({
      description:
        'read: the provider was asked; not-asked: the client has read access only, or something before it speaks ' +
        'against it; issues: the location issues credentials, and none was issued',
    }),
    revision: z.string().nullable(),
    revision_name: z.string().nullable().meta({ description: 'the revision for people, shortened' }),
    fields: z
      .array(z.string())
      .nullable()
      .meta({ description: 'the names of the fields, at most 500; null if they are not known, or there are none' }),
  })
  .meta({ id: 'Check', description: 'what a request for a secret with these labels would come to; never a value' });

/** The body of `POST /api/v1/check`. */
export type CheckBody = z.input<typeof checkRequestSchema>;
/** The response of `POST /api/v1/check`. */
export type CheckResult = z.output<typeof checkSchema>;
