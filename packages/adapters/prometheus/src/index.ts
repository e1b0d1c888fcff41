export { createPrometheusExposition, type PrometheusExposition, type PrometheusOptions } from './exposition.ts';
