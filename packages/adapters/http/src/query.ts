import type { Request, Response } from 'express';
import type { z } from 'zod';
import { sendProblem } from './send.ts';

/** Parses the request's parameters. If they are wrong, it answers the request and returns `null`. */
export function readQuery<T extends z.ZodType>(schema: T, request: Request, response: Response): z.output<T> | null {
  const parsed = schema.safeParse(request.query);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `The parameter "${path.join('.')}" ${message}.`,
  );
  sendProblem(response, 400, details.join(' '));
  return null;
}
