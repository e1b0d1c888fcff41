import * as z from 'zod';

/** The data of the stream's event `changed`: the ETags of the lists as they are now. */
export const changedSchema = z
  .object({ secrets: z.string(), services: z.string() })
  .meta({ id: 'Changed', description: 'the ETags of the two lists as they are now' });

/** The data of the stream's event `changed`. */
export type Changed = z.output<typeof changedSchema>;
