import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Dashboard } from '../state/dashboard.ts';

const context = createContext<Dashboard | null>(null);

/** Provides the {@link Dashboard} to components. */
export const DashboardProvider = context.Provider;

/** The dashboard of the component. @throws outside of a {@link DashboardProvider} */
export function useDashboard(): Dashboard {
  const dashboard = useContext(context);
  if (dashboard === null) throw new Error('no DashboardProvider above');
  return dashboard;
}
