import * as z from 'zod';

/** The body of `POST /api/v1/session`. */
export const sessionRequestSchema = z.strictObject({ token: z.string().min(1) }).meta({ id: 'SessionRequest' });
