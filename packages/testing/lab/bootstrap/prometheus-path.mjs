// Prints the path of Prometheus, which it downloads if necessary. Run by the pinned Node.
import { findPrometheus } from '../src/servers/prometheus-binary.ts';

process.stdout.write(await findPrometheus());
