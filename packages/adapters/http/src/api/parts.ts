import * as z from 'zod';

/** A moment, RFC 3339 in UTC. */
export const time = z.iso.datetime().meta({ description: 'RFC 3339, in UTC' });

/** A number that only counts up. */
export const count = z.int().nonnegative();

/** Milliseconds, with up to three decimals. */
export const milliseconds = z.number().nonnegative().meta({ description: 'milliseconds' });

/** Bytes. */
export const bytes = z.int().nonnegative().meta({ description: 'bytes' });

/** What stands at the head of everything that the rotation knows. */
export const observation = {
  observed_at: time.nullable().meta({ description: "when Docker's answer was last complete; null before the first" }),
  role: z
    .enum(['leader', 'standby', 'worker'])
    .nullable()
    .meta({ description: 'what this node is in the Swarm; null before Docker answered' }),
  rotation_enabled: z.boolean(),
};

/** What a list says of the part of it that is given. */
export const page = {
  total: count.meta({ description: 'how many fit the search and the state, on all pages' }),
  next_cursor: z.string().nullable().meta({
    description:
      'asks for what comes after; null on the last page. An answer ends before it has a megabyte, whatever `limit` is',
  }),
};
