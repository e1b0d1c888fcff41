// Prints where Prometheus is; downloads it first if need be. Run by the pinned Node.
import { findPrometheus } from '../src/servers/prometheus-binary.ts';

process.stdout.write(await findPrometheus());
