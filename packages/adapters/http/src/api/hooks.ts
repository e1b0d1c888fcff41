import * as z from 'zod';

/** The response to Azure Event Grid's first message. */
export const hookHandshakeSchema = z
  .object({ validationResponse: z.string().meta({ description: 'the code of the message' }) })
  .meta({ id: 'HookHandshake' });
