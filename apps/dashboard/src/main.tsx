import './styles/page.css';
import { render } from 'preact';
import { ApiClient } from './api/client.ts';
import { Dashboard } from './state/dashboard.ts';
import { livePlace } from './state/location.ts';
import { startTheme } from './state/theme.ts';
import { DashboardProvider } from './view/context.ts';
import { Page } from './view/page.tsx';

startTheme();
const { place, start } = livePlace();
const dashboard = new Dashboard({
  api: new ApiClient((input, init) => fetch(input, init)),
  place,
  monotonic: () => performance.now(),
  random: () => Math.random(),
});
start();
dashboard.start();
addEventListener('online', () => dashboard.connection.retryNow());
document.addEventListener('visibilitychange', () => {
  // A user who returns to the page should not wait for the backoff.
  if (document.visibilityState !== 'visible') return;
  if (dashboard.connection.state.value.kind === 'lost') dashboard.connection.retryNow();
  else dashboard.refresh();
});

const root = document.getElementById('app');
if (root !== null) {
  render(
    <DashboardProvider value={dashboard}>
      <Page />
    </DashboardProvider>,
    root,
  );
}
