/**
 * One metric family of the plain text format as OpenMetrics has it: a counter is declared under its name without
 * `_total`; its samples, and all other families, are the same in both.
 */
export function asOpenMetrics(family: string): string {
  return family.replace(/^# HELP (\S+)_total (.*)\n# TYPE \1_total counter$/m, '# HELP $1 $2\n# TYPE $1 counter');
}
