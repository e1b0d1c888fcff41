// Prints the path of a current Docker engine, which it downloads if necessary. Run by the pinned Node.
import { findCurrentEngine } from '../src/swarm/current-engine.ts';

process.stdout.write(await findCurrentEngine());
