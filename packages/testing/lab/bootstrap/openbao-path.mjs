// Prints the path of the OpenBao server, which it downloads if necessary. Run by the pinned Node.
import { findOpenBao } from '../src/servers/openbao-binary.ts';

process.stdout.write(await findOpenBao());
