// Prints where a current Docker engine is; downloads it first if need be. Run by the pinned Node.
import { findCurrentEngine } from '../src/swarm/current-engine.ts';

process.stdout.write(await findCurrentEngine());
