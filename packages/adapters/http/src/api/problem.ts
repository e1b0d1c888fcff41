import * as z from 'zod';

/**
 * The problem of a request, and what to do.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export const problemSchema = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: 'what is wrong, and what to do' }),
  })
  .meta({ id: 'Problem', description: 'Problem details, RFC 9457' });

/** A problem as {@link problemSchema} defines it. */
export type ProblemDetails = z.output<typeof problemSchema>;
