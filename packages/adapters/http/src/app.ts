import { healthReport, metricsReport } from '@vault-swarm/metrics';
import type { Clock, Events } from '@vault-swarm/provider';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Access } from './access.ts';
import { answer, answerHtml, answerJson, answerProblem, answerTagged } from './answer.ts';
import type { CallerAccess } from './api/index.ts';
import type { Asset } from './assets.ts';
import { dashboardPage } from './dashboard/page.ts';
import { signInStyleSource } from './dashboard/sign-in.ts';
import { etagOf } from './etag.ts';
import { eventsRoute } from './events-route.ts';
import { gate } from './gate.ts';
import { secretsRoute, servicesRoute } from './list-routes.ts';
import { overviewDocument } from './overview.ts';
import { planRoute } from './plan-route.ts';
import { rotateRoute } from './rotate-route.ts';
import type { MonitoringSources } from './sources.ts';
import { StatusLists } from './status-lists.ts';
import { Streams } from './stream.ts';
import { streamRoute } from './stream-route.ts';

/** What the routes need. */
export interface AppParts {
  readonly access: Access;
  readonly assets: readonly Asset[];
  readonly sources: MonitoringSources;
  readonly clock: Clock;
  /** Gets `monitoring.failed` for a request that could not be answered. */
  readonly events: Events;
}

/** The routes, and what they keep open. */
export interface MonitoringApp {
  readonly handle: Express;
  /** Ends the streams, which else would never end. */
  closeStreams(): void;
}

/** Every route of the monitoring port; all but `/health` stand behind the gate. */
export function createApp({ access, assets, sources, clock, events }: AppParts): MonitoringApp {
  const app = express();
  const statusLists = new StatusLists(
    () => sources.status(),
    () => clock.monotonic(),
  );
  const overview = (caller: CallerAccess) => overviewDocument(sources, statusLists.now(), caller);
  const accessOf = ({ headers }: Request): CallerAccess | null =>
    !access.tokenNeeded || access.signedIn(headers.authorization) ? 'full' : null;
  const streams = new Streams({ clock, recentEvents: sources.recentEvents, lists: () => statusLists.now(), overview });
  app.disable('x-powered-by').disable('etag');
  // A path is what it says: "/Health" and "/health/" are others, and must not get around the gate.
  app.enable('case sensitive routing').enable('strict routing');
  app.use(secureHeaders());
  const get = (path: string, handler: RequestHandler) => {
    app.route(path).get(handler).all(methodNotAllowed('GET, HEAD', 'Only GET and HEAD are answered here.'));
  };

  get('/health', (request, response) => {
    const signedIn = access.signedIn(request.headers.authorization);
    const report = healthReport(sources.figures(), sources.problems(), signedIn);
    answerJson(response, report.healthy ? 200 : 503, report);
  });

  app.use(gate(access, sources.pluginName));

  get('/', (_request, response) => answerHtml(response, 200, dashboardPage(sources, clock.now())));
  for (const { name, contentType, body } of assets) {
    get(`/assets/${name}`, (_request, response) => answer(response, 200, contentType, body));
  }
  get('/livez', (_request, response) => {
    const live = sources.live();
    answerJson(response, live ? 200 : 503, { live });
  });
  get('/readyz', (_request, response) => {
    const waitingFor = sources.waitingFor();
    const ready = waitingFor.length === 0;
    answerJson(response, ready ? 200 : 503, { ready, waiting_for: waitingFor });
  });
  get('/metrics', (_request, response) => answerJson(response, 200, metricsReport(sources.figures())));
  get('/api/metrics', async (request, response) => {
    const { accept } = request.headers;
    const body = await sources.prometheus.render(accept);
    response.setHeader('Vary', 'Accept');
    answer(response, 200, sources.prometheus.contentType(accept), body);
  });
  get('/api/v1/overview', (request, response) => {
    const body = `${JSON.stringify(overview(accessOf(request) ?? 'view'))}\n`;
    answerTagged(request, response, etagOf([body]), () => body);
  });
  get('/api/v1/history', (request, response) => {
    const body = `${JSON.stringify(sources.history())}\n`;
    answerTagged(request, response, etagOf([body]), () => body);
  });
  get('/api/v1/secrets', secretsRoute(statusLists));
  get('/api/v1/services', servicesRoute(statusLists));
  get('/api/v1/events', eventsRoute(sources.recentEvents));
  get('/api/v1/plan', planRoute(sources.rotateByHand, clock));
  get('/api/v1/stream', streamRoute(streams, accessOf));
  app
    .route('/api/v1/rotate')
    .post(...rotateRoute(sources.rotateByHand, clock))
    .all(methodNotAllowed('POST', 'Only POST is answered here.'));
  app.use((_request, response) => answerProblem(response, 404, 'There is nothing under this path.'));
  app.use(failure(events));
  return { handle: app, closeStreams: () => streams.close() };
}

/** The page uses nothing but its own files; nothing is kept by browsers and proxies, or shown in a frame. */
function secureHeaders(): RequestHandler {
  const headers = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", signInStyleSource],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    // Only HTTP is served here; a promise of HTTPS would lock other ports of this host out.
    strictTransportSecurity: false,
  });
  return (request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    headers(request, response, next);
  };
}

function methodNotAllowed(allowed: string, detail: string): RequestHandler {
  return (_request, response) => {
    response.setHeader('Allow', allowed);
    answerProblem(response, 405, detail);
  };
}

// Express knows an error handler by its four parameters.
function failure(events: Events): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const reason = error instanceof Error ? error.message : 'not an error';
    events.emit({
      type: 'monitoring.failed',
      message: `${request.method} ${request.path} could not be answered: ${reason}`,
    });
    if (response.headersSent) response.destroy();
    else answerProblem(response, 500, 'The answer could not be made; the log says why.');
  };
}
