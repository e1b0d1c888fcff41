/**
 * Converts one metric family from the plain text format to OpenMetrics: a counter is declared without `_total`.
 * Samples and other families do not change.
 */
export function asOpenMetrics(family: string): string {
  return family.replace(/^# HELP (\S+)_total (.*)\n# TYPE \1_total counter$/m, '# HELP $1 $2\n# TYPE $1 counter');
}
