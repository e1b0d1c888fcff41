/** The part of a Grafana dashboard with its queries. */
interface Dashboard {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
}

/** The queries of all panels, with the dashboard's variables filled in. */
export function dashboardQueries(
  { panels }: Dashboard,
  { job, instance, range }: { readonly job: string; readonly instance: string; readonly range: string },
): readonly string[] {
  return panels
    .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    .map((query) =>
      query
        .replaceAll('$job', job)
        .replaceAll('$instance', instance)
        .replaceAll('$__rate_interval', '1m')
        .replaceAll('$__range', range),
    );
}
