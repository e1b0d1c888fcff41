import type { z } from 'zod';
import {
  eventsSchema,
  healthSchema,
  historySchema,
  liveSchema,
  lockdownRequestSchema,
  lockdownSchema,
  metricsSchema,
  overviewSchema,
  planSchema,
  readySchema,
  rotateRequestSchema,
  rotateSchema,
  secretsSchema,
  servicesSchema,
  sessionRequestSchema,
} from '../api/index.ts';
import {
  eventsQuerySchema,
  planQuerySchema,
  secretsQuerySchema,
  servicesQuerySchema,
  streamQuerySchema,
} from '../api/parameters.ts';

/** One method of one path. Every response that is not listed here is a problem. */
export interface Operation {
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly summary: string;
  /** The parameters of the query. */
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Responses by status: JSON of this schema, another content type, or nothing. */
  readonly answers: Readonly<Record<number, z.ZodType | string | null>>;
  /** Statuses with a problem, besides those of every operation. */
  readonly problems?: readonly number[];
  /** Whether it answers 304 to If-None-Match. */
  readonly isTagged?: boolean;
  /** Whether it needs no token. */
  readonly isOpen?: boolean;
}

/** Every operation of the monitoring port, except the dashboard's files. */
export const operations: readonly Operation[] = [
  {
    method: 'get',
    path: '/',
    summary: 'The dashboard; with 401 the sign-in page',
    answers: { 200: 'text/html', 401: 'text/html' },
  },
  {
    method: 'get',
    path: '/health',
    summary: 'Whether reconcile passes run and Docker answers',
    answers: { 200: healthSchema, 503: healthSchema },
    isOpen: true,
  },
  {
    method: 'get',
    path: '/livez',
    summary: "Whether the driver's socket is served",
    answers: { 200: liveSchema, 503: liveSchema },
    isOpen: true,
  },
  {
    method: 'get',
    path: '/readyz',
    summary: 'Whether a provider and Docker have answered',
    answers: { 200: readySchema, 503: readySchema },
  },
  { method: 'get', path: '/metrics', summary: 'The figures as JSON', answers: { 200: metricsSchema } },
  {
    method: 'get',
    path: '/api/metrics',
    summary: "The figures in Prometheus' text format, or OpenMetrics by Accept",
    answers: { 200: 'text/plain' },
  },
  {
    method: 'get',
    path: '/api/v1/overview',
    summary: 'Health, figures, providers, and the number of secrets and services',
    answers: { 200: overviewSchema },
    isTagged: true,
  },
  {
    method: 'get',
    path: '/api/v1/secrets',
    summary: 'The secrets of this driver, by name',
    query: secretsQuerySchema,
    answers: { 200: secretsSchema },
    isTagged: true,
  },
  {
    method: 'get',
    path: '/api/v1/services',
    summary: 'The services that use them, by name',
    query: servicesQuerySchema,
    answers: { 200: servicesSchema },
    isTagged: true,
  },
  {
    method: 'get',
    path: '/api/v1/events',
    summary: 'Events, newest first',
    query: eventsQuerySchema,
    answers: { 200: eventsSchema },
  },
  {
    method: 'get',
    path: '/api/v1/history',
    summary: 'The figures of the last hour',
    answers: { 200: historySchema },
    isTagged: true,
  },
  {
    method: 'get',
    path: '/api/v1/plan',
    summary: 'What a manual rotation would do or, without parameters, what is due now; changes nothing',
    query: planQuerySchema,
    answers: { 200: planSchema },
    problems: [404, 409, 503],
  },
  {
    method: 'get',
    path: '/api/v1/stream',
    summary:
      'Server-sent events: `overview` (Overview), at most each second and at least each 10 s; `event` (Event) with its id, ' +
      'resumed by Last-Event-ID; `changed` (Changed), when a list has another ETag',
    query: streamQuerySchema,
    answers: { 200: 'text/event-stream' },
    problems: [503],
  },
  {
    method: 'post',
    path: '/api/v1/rotate',
    summary: 'Requests a manual rotation',
    body: rotateRequestSchema,
    answers: { 202: rotateSchema },
    problems: [404, 409, 415, 503],
  },
  {
    method: 'post',
    path: '/api/v1/lockdown',
    summary: 'Starts or ends a lockdown on all managers; answered when the ledger has it',
    body: lockdownRequestSchema,
    answers: { 200: lockdownSchema },
    problems: [415, 503],
  },
  {
    method: 'post',
    path: '/api/v1/session',
    summary: 'Signs a browser in with a cookie',
    body: sessionRequestSchema,
    answers: { 204: null },
    problems: [401, 409, 415],
    isOpen: true,
  },
  {
    method: 'delete',
    path: '/api/v1/session',
    summary: 'Signs the browser out',
    answers: { 204: null },
    isOpen: true,
  },
  {
    method: 'get',
    path: '/api/v1/openapi.json',
    summary: 'This document',
    answers: { 200: 'application/json' },
  },
];
