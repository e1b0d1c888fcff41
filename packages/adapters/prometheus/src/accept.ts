/** The two text formats and their content types. */
export const contentTypes = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openMetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const;

/** `text` or `openMetrics`. */
export type ExpositionFormat = keyof typeof contentTypes;

/**
 * Chooses OpenMetrics if the `Accept` header lists version 1.0.0 (or no version) and does not prefer plain text.
 * Otherwise, and without the header, chooses plain text.
 */
export function chooseFormat(accept: string | undefined): ExpositionFormat {
  let openMetrics = 0;
  let text = 0;
  for (const range of (accept ?? '').toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const parameter = (name: string) =>
      parameters.find((given) => given.startsWith(`${name}=`))?.slice(name.length + 1);
    const quality = qualityOf(parameter('q'));
    if (type === 'application/openmetrics-text' && ['1.0.0', undefined].includes(unquoted(parameter('version')))) {
      openMetrics = Math.max(openMetrics, quality);
    }
    if (type === 'text/plain') text = Math.max(text, quality);
  }
  return openMetrics > 0 && openMetrics >= text ? 'openMetrics' : 'text';
}

function qualityOf(given: string | undefined): number {
  const quality = given === undefined ? 1 : Number(given);
  return quality >= 0 && quality <= 1 ? quality : 0;
}

function unquoted(given: string | undefined): string | undefined {
  return given?.replace(/^"(.*)"$/, '$1');
}
