import { type Clock, displayText, type Emitter, errorMessage } from '@vault-swarm/kernel';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { authMiddleware, hostMiddleware, requireWrite } from './access/auth-middleware.ts';
import type { Access } from './access/authorization.ts';
import { limitFailedSignIns } from './access/failed-sign-ins.ts';
import type { CallerAccess } from './api/overview.ts';
import { answerSignIn, assetHandler } from './asset-route.ts';
import type { Asset, DashboardFiles } from './assets.ts';
import type { HookConfig } from './hooks/hook-config.ts';
import { Hooks } from './hooks/hooks.ts';
import type { MonitoringEvent } from './monitoring-events.ts';
import { openApiDocument } from './openapi/document.ts';
import { overviewDocument } from './overview.ts';
import { routes } from './routes/index.ts';
import type { RouteAccess, RouteParts } from './routes/route.ts';
import { secureHeaders } from './secure-headers.ts';
import { sendProblem } from './send.ts';
import type { MonitoringSources } from './sources.ts';
import { StatusLists } from './status-lists.ts';
import { Streams } from './stream.ts';

/** The dependencies of the routes. */
export interface AppParts {
  readonly hooks: readonly HookConfig[];
  readonly access: Access;
  readonly dashboard: DashboardFiles;
  readonly sources: MonitoringSources;
  readonly clock: Clock;
  /** Receives `monitoring.failed` for a request that could not be answered. */
  readonly events: Emitter<MonitoringEvent>;
}

/** The routes and their open streams. */
export interface MonitoringApp {
  readonly handle: Express;
  /** Ends the streams, which have no end of their own. */
  closeStreams(): void;
}

/** Creates the application: the routes, each behind the checks of its access. */
export function createApp({ access, hooks, dashboard, sources, clock, events }: AppParts): MonitoringApp {
  const app = express();
  const statusLists = new StatusLists(() => sources.status());
  const overview = (caller: CallerAccess) => overviewDocument(sources, statusLists.now(), caller);
  const { recentEvents, eventCatalog } = sources;
  const streams = new Streams({ clock, recentEvents, eventCatalog, lists: () => statusLists.now(), overview });
  const failedSignIn = limitFailedSignIns();
  const parts: RouteParts = {
    access,
    hooks: new Hooks(hooks, clock),
    dashboard,
    sources,
    clock,
    events,
    statusLists,
    streams,
    failedSignIn,
    overview,
    openApiDocument: () => openApiDocument(routes, sources.version),
  };
  app.disable('x-powered-by').disable('etag');
  // Paths match exactly: "/Health" and "/health/" must not bypass the access checks.
  app.enable('case sensitive routing').enable('strict routing');
  app.use(secureHeaders());
  addRoutes(app, 'any-host', parts);
  app.use(hostMiddleware(access));
  addRoutes(app, 'allowed-host', parts);
  for (const asset of dashboard.assets) if (asset.isOpen) addAsset(app, asset);
  app.use(authMiddleware(access, failedSignIn, answerSignIn(dashboard)));
  for (const asset of dashboard.assets) if (!asset.isOpen) addAsset(app, asset);
  addRoutes(app, 'read', parts);
  addRoutes(app, 'write', parts);
  app.use((_request, response) => sendProblem(response, 404, 'This path does not exist.'));
  app.use(failure(events));
  return { handle: app, closeStreams: () => streams.close() };
}

function addRoutes(app: Express, access: RouteAccess, parts: RouteParts): void {
  const added = routes.filter((route) => route.access === access);
  for (const path of new Set(added.map((route) => route.path))) {
    const ofPath = added.filter((route) => route.path === path);
    const expressRoute = app.route(path);
    for (const route of ofPath) {
      if (access === 'write') expressRoute[route.method](requireWrite(parts.access));
      expressRoute[route.method](...route.handlers(parts));
    }
    expressRoute.all(methodNotAllowed(ofPath.map(({ method }) => method)));
  }
}

function addAsset(app: Express, asset: Asset): void {
  app
    .route(`/assets/${asset.name}`)
    .get(assetHandler(asset))
    .all(methodNotAllowed(['get']));
}

function methodNotAllowed(methods: readonly string[]): RequestHandler {
  // Express answers HEAD with the handler of GET.
  const allowed = methods.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
  const detail = `Only ${allowed.join(' and ')} ${allowed.length === 1 ? 'is' : 'are'} supported here.`;
  return (_request, response) => {
    response.setHeader('Allow', allowed.join(', '));
    sendProblem(response, 405, detail);
  };
}

// Express recognises an error handler by its four parameters.
function failure(events: Emitter<MonitoringEvent>): ErrorRequestHandler {
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
