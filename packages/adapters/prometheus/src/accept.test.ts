import { expect, test } from 'vitest';
import { chooseFormat } from './accept.ts';

const OF_PROMETHEUS =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;' +
  'q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';

test.each([
  [undefined, 'text'],
  ['', 'text'],
  ['*/*', 'text'],
  ['text/plain', 'text'],
  ['application/json', 'text'],
  ['application/openmetrics-text', 'openMetrics'],
  ['Application/OpenMetrics-Text; Version="1.0.0"; charset=utf-8', 'openMetrics'],
  ['application/openmetrics-text;version=0.0.1', 'text'],
  ['application/openmetrics-text;q=0, text/plain', 'text'],
  ['application/openmetrics-text;q=0.2, text/plain;q=0.9', 'text'],
  ['application/openmetrics-text;q=nonsense', 'text'],
  [OF_PROMETHEUS, 'openMetrics'],
])('Accept: %s is answered with %s', (accept, format) => {
  expect(chooseFormat(accept)).toBe(format);
});
