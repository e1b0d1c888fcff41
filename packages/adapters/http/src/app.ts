import { type Clock, displayText, errorMessage } from '@vault-swarm/kernel';
import { healthReport, metricsReport } from '@vault-swarm/metrics';
import type { Events } from '@vault-swarm/provider';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { authMiddleware, hostMiddleware, requireWrite } from './access/auth-middleware.ts';
import type { Access } from './access/authorization.ts';
import { limitFailedSignIns } from './access/failed-sign-ins.ts';
import { signInRoute, signOutRoute } from './access/session-route.ts';
import type { CallerAccess } from './api/index.ts';
import type { DashboardFiles } from './assets.ts';
import { answerSignIn, assetRoute, dashboardRoute } from './dashboard-routes.ts';
import { etagOf } from './etag.ts';
import { eventsRoute } from './events-route.ts';
import { secretsRoute, servicesRoute } from './list-routes.ts';
import { lockdownRoute } from './lockdown-route.ts';
import { openApiDocument } from './openapi/document.ts';
import { operations } from './openapi/operations.ts';
import { overviewDocument } from './overview.ts';
import { planRoute } from './plan-route.ts';
import { rotateRoute } from './rotate-route.ts';
import { secureHeaders } from './secure-headers.ts';
import { send, sendJson, sendProblem, sendTagged } from './send.ts';
import type { MonitoringSources } from './sources.ts';
import { StatusLists } from './status-lists.ts';
import { Streams } from './stream.ts';
import { streamRoute } from './stream-route.ts';

/** The dependencies of the routes. */
export interface AppParts {
  readonly access: Access;
  readonly dashboard: DashboardFiles;
  readonly sources: MonitoringSources;
  readonly clock: Clock;
  /** Receives `monitoring.failed` for a request that could not be answered. */
  readonly events: Events;
}

/** The routes and their open streams. */
export interface MonitoringApp {
  readonly handle: Express;
  /** Ends the streams, which have no end of their own. */
  closeStreams(): void;
}

/**
 * Creates every route of the monitoring port. All except `/health`, `/livez` and signing in need a token, if there is
 * one.
 */
export function createApp({ access, dashboard, sources, clock, events }: AppParts): MonitoringApp {
  const app = express();
  const statusLists = new StatusLists(() => sources.status());
  const overview = (caller: CallerAccess) => overviewDocument(sources, statusLists.now(), caller);
  const streams = new Streams({ clock, recentEvents: sources.recentEvents, lists: () => statusLists.now(), overview });
  const failedSignIn = limitFailedSignIns();
  app.disable('x-powered-by').disable('etag');
  // Paths match exactly: "/Health" and "/health/" must not bypass the access checks.
  app.enable('case sensitive routing').enable('strict routing');
  app.use(secureHeaders());
  const get = (path: string, handler: RequestHandler) => {
    app.route(path).get(handler).all(methodNotAllowed('GET, HEAD', 'Only GET and HEAD are supported here.'));
  };

  get('/health', (request, response) => {
    const signedIn = access.tokenNeeded && access.of(request) !== null;
    const report = healthReport(sources.figures(), sources.problems(), signedIn);
    sendJson(response, report.healthy ? 200 : 503, report);
  });

  app.use(hostMiddleware(access));
  app
    .route('/api/v1/session')
    .post(...signInRoute(access, failedSignIn))
    .delete(...signOutRoute(access))
    .all(methodNotAllowed('POST, DELETE', 'Only POST and DELETE are supported here.'));
  for (const asset of dashboard.assets) if (asset.isOpen) get(`/assets/${asset.name}`, assetRoute(asset));

  get('/livez', (_request, response) => {
    const live = sources.live();
    sendJson(response, live ? 200 : 503, { live });
  });

  app.use(authMiddleware(access, failedSignIn, answerSignIn(dashboard)));

  get('/', dashboardRoute(dashboard));
  for (const asset of dashboard.assets) if (!asset.isOpen) get(`/assets/${asset.name}`, assetRoute(asset));
  get('/readyz', (_request, response) => {
    const waitingFor = sources.waitingFor();
    const ready = waitingFor.length === 0;
    sendJson(response, ready ? 200 : 503, { ready, waiting_for: waitingFor });
  });
  get('/metrics', (_request, response) => sendJson(response, 200, metricsReport(sources.figures())));
  get('/api/metrics', async (request, response) => {
    const { accept } = request.headers;
    const body = await sources.prometheus.render(accept);
    response.setHeader('Vary', 'Accept');
    send(response, 200, sources.prometheus.contentType(accept), body);
  });
  get('/api/v1/overview', (request, response) => {
    const body = `${JSON.stringify(overview(access.of(request) ?? 'view'))}\n`;
    sendTagged(request, response, etagOf([body]), () => body);
  });
  get('/api/v1/history', (request, response) => {
    const body = `${JSON.stringify(sources.history())}\n`;
    sendTagged(request, response, etagOf([body]), () => body);
  });
  get('/api/v1/secrets', secretsRoute(statusLists));
  get('/api/v1/services', servicesRoute(statusLists));
  get('/api/v1/events', eventsRoute(sources.recentEvents));
  get('/api/v1/plan', planRoute(sources.manualRotation, clock));
  let openApi: string | null = null;
  get('/api/v1/openapi.json', (_request, response) => {
    openApi ??= `${JSON.stringify(openApiDocument(operations, sources.version))}\n`;
    send(response, 200, 'application/json; charset=utf-8', openApi);
  });
  get(
    '/api/v1/stream',
    streamRoute(streams, (request) => access.of(request)),
  );
  app
    .route('/api/v1/rotate')
    .post(requireWrite(access), ...rotateRoute(sources.manualRotation, clock))
    .all(methodNotAllowed('POST', 'Only POST is supported here.'));
  app
    .route('/api/v1/lockdown')
    .post(requireWrite(access), ...lockdownRoute(sources.lockdowns, clock))
    .all(methodNotAllowed('POST', 'Only POST is supported here.'));
  app.use((_request, response) => sendProblem(response, 404, 'This path does not exist.'));
  app.use(failure(events));
  return { handle: app, closeStreams: () => streams.close() };
}

function methodNotAllowed(allowed: string, detail: string): RequestHandler {
  return (_request, response) => {
    response.setHeader('Allow', allowed);
    sendProblem(response, 405, detail);
  };
}

// Express recognises an error handler by its four parameters.
function failure(events: Events): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const asked = `${request.method} ${displayText(request.path)}`;
    events.emit({
      type: 'monitoring.failed',
      message: `${asked} could not be answered: ${displayText(errorMessage(error))}`,
    });
    if (response.headersSent) response.destroy();
    else sendProblem(response, 500, 'The request failed; see the log.');
  };
}
