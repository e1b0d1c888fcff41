import { checkRoute } from './check.ts';
import { dashboardRoute } from './dashboard.ts';
import { eventsRoute } from './events.ts';
import { healthRoute } from './health.ts';
import { historyRoute } from './history.ts';
import { hooksRoute } from './hooks.ts';
import { leasesRoute, secretsRoute, servicesRoute } from './lists.ts';
import { livezRoute } from './livez.ts';
import { lockdownRoute } from './lockdown.ts';
import { metricsRoute } from './metrics.ts';
import { openApiRoute } from './openapi.ts';
import { overviewRoute } from './overview.ts';
import { planRoute } from './plan.ts';
import { prometheusRoute } from './prometheus.ts';
import { readyzRoute } from './readyz.ts';
import { rotateRoute } from './rotate.ts';
import type { Route } from './route.ts';
import { signInRoute, signOutRoute } from './session.ts';
import { streamRoute } from './stream.ts';

/** Every route of the monitoring port, except the dashboard's files, in the order of the OpenAPI document. */
export const routes: readonly Route[] = [
  dashboardRoute,
  healthRoute,
  livezRoute,
  readyzRoute,
  metricsRoute,
  prometheusRoute,
  overviewRoute,
  secretsRoute,
  servicesRoute,
  leasesRoute,
  eventsRoute,
  historyRoute,
  planRoute,
  checkRoute,
  streamRoute,
  rotateRoute,
  lockdownRoute,
  hooksRoute,
  signInRoute,
  signOutRoute,
  openApiRoute,
];
