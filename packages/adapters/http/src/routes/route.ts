import type { Clock, Emitter } from '@vault-swarm/kernel';
import type { RequestHandler } from 'express';
import type { z } from 'zod';
import type { Access } from '../access/authorization.ts';
import type { Overview } from '../api/index.ts';
import type { CallerAccess } from '../api/overview.ts';
import type { DashboardFiles } from '../assets.ts';
import type { Hooks } from '../hooks/hooks.ts';
import type { MonitoringEvent } from '../monitoring-events.ts';
import type { MonitoringSources } from '../sources.ts';
import type { StatusLists } from '../status-lists.ts';
import type { Streams } from '../stream.ts';

/**
 * Which requests a route answers: with any Host header, with an allowed Host header, with read access, or with write
 * access. Each includes the ones before it.
 */
export type RouteAccess = 'any-host' | 'allowed-host' | 'read' | 'write';

/** One method of one path: its OpenAPI operation, and its handlers. Every response that is not listed here is a problem. */
export interface Route {
  readonly method: 'get' | 'post' | 'delete';
  /** As Express has it, with parameters such as `:name`. */
  readonly path: string;
  readonly access: RouteAccess;
  readonly summary: string;
  /** The parameters of the query. */
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Responses by status: JSON of this schema, another content type, or nothing. */
  readonly responses: Readonly<Record<number, z.ZodType | string | null>>;
  /** Statuses with a problem, besides those of every route. */
  readonly problems?: readonly number[];
  /** Whether it answers 304 to If-None-Match. */
  readonly isTagged?: boolean;
  /** Creates the handlers. The application checks the access before them. */
  handlers(parts: RouteParts): readonly RequestHandler[];
}

/** The dependencies of the routes. */
export interface RouteParts {
  readonly access: Access;
  readonly dashboard: DashboardFiles;
  readonly sources: MonitoringSources;
  readonly hooks: Hooks;
  readonly clock: Clock;
  readonly events: Emitter<MonitoringEvent>;
  readonly statusLists: StatusLists;
  readonly streams: Streams;
  /** Limits failed sign-ins. */
  readonly failedSignIn: RequestHandler;
  /** The overview for a client with this access. */
  overview(access: CallerAccess): Overview;
  /** The OpenAPI document of all routes. */
  openApiDocument(): unknown;
}
