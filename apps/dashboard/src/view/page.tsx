import { useComputed } from '@preact/signals';
import { Announcer } from './announcer.tsx';
import { useDashboard } from './context.ts';
import { Header } from './header.tsx';
import { HealthPanel } from './health-panel.tsx';
import { Lists } from './lists.tsx';
import { LockdownBanner } from './lockdown-banner.tsx';
import { LogPanel } from './log-panel.tsx';
import { LostBanner } from './lost-banner.tsx';
import { Managers } from './managers.tsx';
import { isWide } from './media.ts';
import { PlanDialog } from './plan-dialog.tsx';
import { Providers } from './providers.tsx';
import { SettingWarnings } from './setting-warnings.tsx';
import { SignInDialog } from './sign-in-dialog.tsx';
import { Figures, RuntimeFigures } from './stats.tsx';

/** The whole page. */
export function Page() {
  const { overview, connection, planned } = useDashboard();
  const isStale = useComputed(() => ['lost', 'retrying', 'signed-out'].includes(connection.state.value.kind));
  return (
    <>
      <a class="skip" href="#lists">
        Skip to services and secrets
      </a>
      <Header />
      <LostBanner />
      <main class={isStale.value ? 'stale' : ''} aria-busy={overview.value === null}>
        {overview.value === null ? (
          <p class="loading">Loading …</p>
        ) : (
          <>
            <LockdownBanner lockdown={overview.value.lockdown} />
            <HealthPanel overview={overview.value} />
            <SettingWarnings warnings={overview.value.warnings} />
            <div class="columns">
              <div class="work">
                <Lists overview={overview.value} />
                {!isWide.value && <Providers overview={overview.value} />}
                {!isWide.value && <Managers overview={overview.value} />}
                <Figures overview={overview.value} />
                <RuntimeFigures overview={overview.value} />
              </div>
              {isWide.value && (
                <aside class="beside" aria-label="Providers, managers and log">
                  <Providers overview={overview.value} />
                  <Managers overview={overview.value} />
                  <LogPanel />
                </aside>
              )}
            </div>
          </>
        )}
      </main>
      {planned.value !== null && <PlanDialog key={JSON.stringify(planned.value)} request={planned.value} />}
      {connection.state.value.kind === 'signed-out' && <SignInDialog />}
      <Announcer />
    </>
  );
}
