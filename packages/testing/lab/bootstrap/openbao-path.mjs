// Prints where the OpenBao server for the tests is; downloads it first if need be. Run by the pinned Node.
import { findOpenBao } from '../src/servers/openbao-binary.ts';

process.stdout.write(await findOpenBao());
