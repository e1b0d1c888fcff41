import type { Request, Response } from 'express';
import type { z } from 'zod';
import { sendProblem } from './send.ts';

/** The parameters of the request; `null` where they are wrong, and the response has said so. */
export function readQuery<T extends z.ZodType>(schema: T, request: Request, response: Response): z.output<T> | null {
  const parsed = schema.safeParse(request.query);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `The parameter "${path.join('.')}" ${message}.`,
  );
  sendProblem(response, 400, details.join(' '));
  return null;
}
