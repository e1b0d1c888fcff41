import * as z from 'zod';

/** The data of the stream's event `changed`: the current ETags of the lists. */
export const changedSchema = z
  .object({ secrets: z.string(), services: z.string(), leases: z.string() })
  .meta({ id: 'Changed', description: 'the current ETags of the lists' });

/** The data of the stream's event `changed`. */
export type Changed = z.output<typeof changedSchema>;
