import * as z from 'zod';

/** A time, RFC 3339 in UTC. */
export const time = z.iso.datetime().meta({ description: 'RFC 3339, in UTC' });

/** A counter. */
export const count = z.int().nonnegative();

/** Milliseconds, with up to three decimals. */
export const milliseconds = z.number().nonnegative().meta({ description: 'milliseconds' });

/** Bytes. */
export const bytes = z.int().nonnegative().meta({ description: 'bytes' });

/** The first fields of every response about the rotation. */
export const observation = {
  observed_at: time
    .nullable()
    .meta({ description: "when Docker's last complete response arrived; null before the first" }),
  role: z
    .enum(['leader', 'standby', 'worker'])
    .nullable()
    .meta({ description: "this node's role in the Swarm; null before Docker answered" }),
  rotation_enabled: z.boolean(),
};

/** The fields of a list that has pages. */
export const page = {
  total: count.meta({ description: 'how many match the search and the state, on all pages' }),
  next_cursor: z.string().nullable().meta({
    description:
      'requests the next page; null on the last page. A response ends before it has a megabyte, whatever `limit` is',
  }),
};
